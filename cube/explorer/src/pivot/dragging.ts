import { type Zone } from './moves';

/** What is dragged: a member, and where it was taken from. */
export interface Dragged {
  name: string;
  from: { zone: Zone; position: number } | null;
}

const TYPE = 'application/x-bankcrm-member';

export function startDrag(event: DragEvent, dragged: Dragged): void {
  event.dataTransfer?.setData(TYPE, JSON.stringify(dragged));
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move';
}

export function isDragged(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes(TYPE) ?? false;
}

export function readDrag(event: DragEvent): Dragged | null {
  const text = event.dataTransfer?.getData(TYPE);
  return text ? (JSON.parse(text) as Dragged) : null;
}
