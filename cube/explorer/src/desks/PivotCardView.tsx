import { useEffect, useState } from 'preact/hooks';
import { useTexts } from '../i18n';
import { writePivot } from '../pivot/address';
import { PivotView } from '../pivot/PivotView';
import { routeAddress } from '../route';
import { type Context, type PivotCard } from './card';
import { CardFrame } from './CardFrame';

/** A pivot within a desk: it opens, closes, sorts and drills in place. */
export function PivotCardView({ card, context }: { card: PivotCard; context: Context }) {
  const { t } = useTexts();
  const [state, setState] = useState(() => card.state(context));
  useEffect(() => {
    setState((before) => ({ ...before, period: context.month }));
  }, [context.month.join()]);
  return (
    <CardFrame
      title={card.title(t)}
      width={card.width}
      tools={<a href={routeAddress('pivot', writePivot(state))}>{t.card.pivot}</a>}
    >
      <PivotView state={state} change={setState} label={card.title(t)} />
    </CardFrame>
  );
}
