import type { EChartsOption } from 'echarts';
import { type Colours } from './colours';

type Format = (value: number) => string;

export interface Series {
  name: string;
  /** NaN where there is nothing. */
  values: number[];
  colour?: string;
  isLine?: boolean;
  /** Drawn against the right axis, with its own format. */
  rightFormat?: Format;
}

interface Frame {
  categories: string[];
  format: Format;
  colours: Colours;
}

const plain = (value: number) => (Number.isNaN(value) ? null : value);

function base(colours: Colours): EChartsOption {
  return {
    color: colours.series,
    textStyle: { color: colours.soft, fontFamily: colours.font, fontSize: 12 },
    animationDuration: 250,
    aria: { enabled: false },
  };
}

function tooltip(colours: Colours, format: (value: unknown, index: number) => string): NonNullable<EChartsOption['tooltip']> {
  return {
    trigger: 'axis',
    confine: true,
    axisPointer: { type: 'shadow', shadowStyle: { color: colours.line, opacity: 0.35 } },
    backgroundColor: colours.card,
    borderColor: colours.line,
    textStyle: { color: colours.ink, fontSize: 12 },
    valueFormatter: (value, index) => format(value, index),
  };
}

/** A title above a figure, as elements: names come from the bank's data and are never markup. */
function tip(title: string, figure: string): HTMLElement {
  const [box, strong] = [document.createElement('div'), document.createElement('b')];
  strong.textContent = figure;
  box.append(title, document.createElement('br'), strong);
  return box;
}

function valueAxis(colours: Colours, format: Format) {
  return {
    type: 'value' as const,
    axisLabel: { color: colours.soft, formatter: (value: number) => shorten(format(value)) },
    splitLine: { lineStyle: { color: colours.line } },
    splitNumber: 4,
  };
}

/** On an axis zeros at the end of the decimals only take room. */
function shorten(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
}

function categoryAxis(colours: Colours, categories: string[]) {
  return {
    type: 'category' as const,
    data: categories,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.soft, hideOverlap: true },
  };
}

const WIDE_SIGN = /[\u2e80-\uffff]/;

/** About how wide a label of 11 pixels is. */
function widthOf(text: string): number {
  return [...text].reduce((width, sign) => width + (WIDE_SIGN.test(sign) ? 11.5 : 6.3), 4);
}

/** Every label is shown, broken into lines where it is wider than the most. */
function every(axis: ReturnType<typeof categoryAxis>, most: number) {
  const width = Math.min(most, Math.max(...axis.data.map(widthOf), 0));
  const own = { interval: 0, hideOverlap: false, width, overflow: 'break' as const };
  return { ...axis, axisLabel: { ...axis.axisLabel, ...own, fontSize: 11, lineHeight: 12 } };
}

/** Bars side by side or stacked, with lines over them where a series asks for one. */
export function barOption(
  { categories, format, colours }: Frame,
  series: Series[],
  { isStacked = false, isHorizontal = false } = {},
): EChartsOption {
  const plainAxis = categoryAxis(colours, categories);
  const category = isHorizontal ? { ...every(plainAxis, 150), inverse: true } : plainAxis;
  const left = valueAxis(colours, format);
  const right = series.find((item) => item.rightFormat)?.rightFormat;
  const values = right ? [left, { ...valueAxis(colours, right), splitLine: { show: false } }] : left;
  const formats = series.map((item) => item.rightFormat ?? format);
  return {
    ...base(colours),
    tooltip: tooltip(colours, (value, index) => formatTip(value, formats[index] ?? format)),
    legend: legend(colours, series.length),
    grid: { left: 8, right: 14, top: series.length > 1 ? 36 : 14, bottom: 4, containLabel: true },
    xAxis: isHorizontal ? left : category,
    yAxis: isHorizontal ? category : values,
    series: series.map((item, index) => ({
      name: item.name,
      type: item.isLine ? 'line' : 'bar',
      data: item.values.map(plain),
      ...(isStacked && !item.isLine ? { stack: 'all' } : {}),
      ...(item.rightFormat ? { yAxisIndex: 1 } : {}),
      ...(item.isLine ? { symbolSize: 6, lineStyle: { width: 2 } } : { barMaxWidth: 34 }),
      itemStyle: { color: item.colour ?? colours.series[index % colours.series.length] ?? '' },
    })),
  };
}

function formatTip(value: unknown, format: Format): string {
  return typeof value === 'number' ? format(value) : '—';
}

function legend(colours: Colours, count: number): NonNullable<EChartsOption['legend']> {
  return {
    show: count > 1,
    type: 'scroll',
    top: 0,
    left: 0,
    itemWidth: 12,
    itemHeight: 8,
    textStyle: { color: colours.soft },
  };
}

/** A bar for every step from a start to an end; totals stand on the ground. */
export function waterfallOption(
  { categories, format, colours }: Frame,
  steps: { value: number; isTotal: boolean }[],
): EChartsOption {
  let level = 0;
  const bars = steps.map(({ value, isTotal }) => {
    const from = isTotal ? 0 : level;
    level = isTotal ? value : level + value;
    return { low: Math.min(from, level), size: Math.abs(level - from), value, isTotal };
  });
  const colourOf = (bar: (typeof bars)[number]) =>
    bar.isTotal ? colours.accent : bar.value < 0 ? colours.bad : colours.good;
  return {
    ...base(colours),
    tooltip: {
      ...tooltip(colours, () => ''),
      formatter: (items) => {
        const [first] = Array.isArray(items) ? items : [items];
        const bar = bars[first?.dataIndex ?? 0];
        return tip(categories[first?.dataIndex ?? 0] ?? '', format(bar?.value ?? Number.NaN));
      },
    },
    grid: { left: 8, right: 14, top: 14, bottom: 4, containLabel: true },
    xAxis: valueAxis(colours, format),
    yAxis: { ...every(categoryAxis(colours, categories), 170), inverse: true },
    series: [
      { type: 'bar', stack: 'all', silent: true, itemStyle: { color: 'transparent' }, data: bars.map((bar) => bar.low) },
      {
        type: 'bar',
        stack: 'all',
        barMaxWidth: 20,
        data: bars.map((bar) => ({ value: bar.size, itemStyle: { color: colourOf(bar), opacity: 0.9 } })),
      },
    ],
  };
}

/** A line over shares from 0 to 1, with a mark at a fifth. */
export function whaleOption(
  { format, colours }: Omit<Frame, 'categories'>,
  points: [share: number, value: number][],
  names: { x: string; y: string },
  percent: Format,
): EChartsOption {
  return {
    ...base(colours),
    tooltip: {
      ...tooltip(colours, (value) => formatTip(value, format)),
      axisPointer: { type: 'line', label: { formatter: ({ value }) => percent(Number(value)) } },
    },
    grid: { left: 8, right: 22, top: 30, bottom: 22, containLabel: true },
    xAxis: {
      type: 'value',
      min: 0,
      max: 1,
      name: names.x,
      nameLocation: 'middle',
      nameGap: 26,
      axisLabel: { color: colours.soft, formatter: (value: number) => percent(value) },
      splitLine: { show: false },
    },
    yAxis: { ...valueAxis(colours, format), name: names.y, nameTextStyle: { align: 'left' } },
    series: [
      {
        type: 'line',
        name: names.y,
        data: points,
        showSymbol: false,
        lineStyle: { width: 2.5 },
        areaStyle: { opacity: 0.08 },
        markLine: {
          symbol: 'none',
          silent: true,
          data: [{ xAxis: 0.2 }],
          lineStyle: { color: colours.soft, type: 'dashed' },
          // The axis below has the mark at 20% already.
          label: { show: false },
        },
      },
    ],
  };
}

/** A matrix of figures, darker where they are larger. NaN stays blank. */
export function heatOption(
  { format, colours }: Omit<Frame, 'categories'>,
  columns: string[],
  rows: string[],
  figures: number[][],
): EChartsOption {
  const cells = figures.flatMap((row, y) =>
    row.flatMap((value, x) => (Number.isNaN(value) ? [] : [[x, y, value]])),
  );
  const most = Math.max(...cells.map((cell) => cell[2] ?? 0), Number.MIN_VALUE);
  const axis = { axisLine: { show: false }, splitLine: { show: false } };
  return {
    ...base(colours),
    tooltip: {
      ...tooltip(colours, (value) => formatTip(value, format)),
      trigger: 'item',
      formatter: (item) => {
        const [x = 0, y = 0, value = 0] = ((item as { data?: number[] }).data ?? []) as number[];
        return tip(`${rows[y]} → ${columns[x]}`, format(value));
      },
    },
    grid: { left: 8, right: 8, top: 4, bottom: 4, containLabel: true },
    xAxis: { ...every(categoryAxis(colours, columns), 73), ...axis, position: 'top' },
    yAxis: { ...every(categoryAxis(colours, rows), 170), ...axis, inverse: true },
    visualMap: { show: false, min: 0, max: most, inRange: { color: colours.scale } },
    series: [
      {
        type: 'heatmap',
        data: cells,
        itemStyle: { borderWidth: 2, borderColor: colours.card },
        label: {
          show: true,
          color: colours.ink,
          formatter: (item) => format(Number((item.data as number[])[2])),
        },
      },
    ],
  };
}
