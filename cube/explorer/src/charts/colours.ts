import { useEffect, useState } from 'preact/hooks';

/** Colours of a chart: those of the page, and the series of the management report. */
export interface Colours {
  ink: string;
  soft: string;
  line: string;
  card: string;
  accent: string;
  bad: string;
  good: string;
  series: string[];
  /** From sound to lost, for classes of risk. */
  risk: string[];
  font: string;
  /** From least to most, for heat maps. */
  scale: [string, string];
}

const LIGHT = ['#1f6f9f', '#d97b29', '#2e8b64', '#a8476f', '#7766b5', '#7f8a94', '#b79a2f', '#4a9fb8'];
const DARK = ['#63b3e0', '#f0a35c', '#64c79b', '#dd83a8', '#ab9ce6', '#aab4bd', '#dcc468', '#8fd0e4'];

const RISK = ['#4a8fc0', '#e0b44c', '#d97b29', '#c2452d', '#7d3c98', '#7f8a94'];

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const isDark = style.colorScheme === 'dark';
  return {
    ink: colour('ink'),
    soft: colour('soft'),
    line: colour('line'),
    card: colour('card'),
    accent: colour('accent'),
    bad: colour('bad'),
    good: colour('good'),
    series: isDark ? DARK : LIGHT,
    risk: RISK,
    font: getComputedStyle(document.body).fontFamily,
    scale: isDark ? ['#1c2a38', '#3f7fb0'] : ['#eef4f9', '#5d9cc4'],
  };
}

/** The colours of now; they change with the appearance of the page or the system. */
export function useColours(): Colours {
  const [colours, setColours] = useState(readColours);
  useEffect(() => {
    const read = () => setColours(readColours());
    const system = matchMedia('(prefers-color-scheme: dark)');
    const page = new MutationObserver(read);
    system.addEventListener('change', read);
    page.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      system.removeEventListener('change', read);
      page.disconnect();
    };
  }, []);
  return colours;
}
