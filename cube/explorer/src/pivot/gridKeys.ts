/** A cell of a grid: column -1 is the row header, row -1 the header of the columns. */
export interface Place {
  x: number;
  y: number;
}

const PAGE = 15;

/** Where a key leads from a cell; nothing for a key that does not move. */
export function keyTarget(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>,
  { x, y }: Place,
  columns: number,
  rows: number,
): Place | null {
  const isFar = event.ctrlKey || event.metaKey;
  const moves: Record<string, Place> = {
    ArrowUp: { x, y: y - 1 },
    ArrowDown: { x, y: y + 1 },
    ArrowLeft: { x: x - 1, y },
    ArrowRight: { x: x + 1, y },
    PageUp: { x, y: Math.max(0, y - PAGE) },
    PageDown: { x, y: y + PAGE },
    Home: { x: -1, y: isFar ? 0 : y },
    End: { x: columns - 1, y: isFar ? rows - 1 : y },
  };
  const target = moves[event.key];
  if (!target) return null;
  return { x: clamp(target.x, columns - 1), y: clamp(target.y, rows - 1) };
}

function clamp(value: number, most: number): number {
  return Math.max(-1, Math.min(value, most));
}
