import { lazy, Suspense } from 'preact/compat';
import { PivotPage } from './pivot/PivotPage';
import { type Route } from './route';
import { Pending } from './ui/State';

const Desk = lazy(() => import('./desks/Desk'));

/** The page that the address names. */
export function Content({ route }: { route: Route }) {
  if (route.page === 'pivot') return <PivotPage parameters={route.parameters} />;
  return (
    <Suspense fallback={<Pending />}>
      <Desk name={route.page} parameters={route.parameters} />
    </Suspense>
  );
}
