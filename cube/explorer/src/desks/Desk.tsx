export default function Desk({ name }: { name: string; parameters: URLSearchParams }) {
  return <p>{name}</p>;
}
