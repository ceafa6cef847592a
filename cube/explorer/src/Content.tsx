import { type FunctionComponent } from 'preact';
import { Boundary } from './Boundary';
import type { DeskName } from './desks/Desk';
import { useAsked } from './page';
import { PivotPage } from './pivot/PivotPage';
import { type Route } from './route';
import { Shown } from './ui/State';

interface DeskProps {
  name: DeskName;
  parameters: URLSearchParams;
}

/** The page that the address names. */
export function Content({ route }: { route: Route }) {
  const place = `${route.page}?${route.parameters}`;
  return (
    <Boundary place={place}>
      {route.page === 'pivot' ? (
        <PivotPage parameters={route.parameters} />
      ) : (
        <LoadedDesk name={route.page} parameters={route.parameters} />
      )}
    </Boundary>
  );
}

/** A desk, whose script is loaded when it is first opened, and again after it failed. */
function LoadedDesk(props: DeskProps) {
  const asked = useAsked<{ Desk: FunctionComponent<DeskProps> }>('desk', async () => ({ Desk: await loadDesk() }));
  return <Shown asked={asked}>{({ Desk }) => <Desk {...props} />}</Shown>;
}

let hasFailed = false;

/**
 * The script of the desks. A browser may keep the failure of a script for as long as the page is
 * open, and after an upgrade the script may be gone: a second failure while the server answers loads
 * the whole page again, at the same address.
 */
async function loadDesk(): Promise<FunctionComponent<DeskProps>> {
  try {
    return (await import('./desks/Desk')).default;
  } catch (error) {
    if (hasFailed && (await fetch('/', { cache: 'no-store' })).ok) location.reload();
    hasFailed = true;
    throw error;
  }
}
