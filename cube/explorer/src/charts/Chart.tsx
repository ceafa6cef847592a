import { useEffect, useRef } from 'preact/hooks';
import type { EChartsOption } from 'echarts';
import type { Drawing } from './draw';

interface Props {
  option: EChartsOption;
  label: string;
  /** Told how to take a picture, once there is one. */
  onDrawn: (drawing: Drawing) => void;
}

/** A chart. The library comes only when the first one is drawn. */
export function Chart({ option, label, onDrawn }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const latest = useRef(option);
  latest.current = option;
  useEffect(() => {
    let isHere = true;
    void import('./draw').then(({ draw }) => {
      if (!isHere || !box.current) return;
      drawing.current = draw(box.current);
      drawing.current.set(latest.current);
      onDrawn(drawing.current);
    });
    return () => {
      isHere = false;
      drawing.current?.dispose();
    };
  }, []);
  useEffect(() => drawing.current?.set(option), [option]);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
