import { BarChart, HeatmapChart, LineChart } from 'echarts/charts';
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { EChartsOption } from 'echarts';

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
]);

export interface Drawing {
  set: (option: EChartsOption) => void;
  picture: (background: string) => string;
  dispose: () => void;
}

/** Draw charts into a box, as wide as it is. */
export function draw(box: HTMLElement): Drawing {
  const chart = init(box);
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(box);
  return {
    set: (option) => chart.setOption(option, { notMerge: true }),
    picture: (backgroundColor) => chart.getDataURL({ pixelRatio: 2, backgroundColor }),
    dispose: () => {
      observer.disconnect();
      chart.dispose();
    },
  };
}
