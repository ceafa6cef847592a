import { Component, type ComponentChildren } from 'preact';
import { Failed } from './ui/State';

interface Props {
  /** What is shown; another place is tried anew. */
  place: string;
  children: ComponentChildren;
}

interface Caught {
  error: Error | null;
  place: string;
}

/** Keeps a fault of one page to that page: the others, and another try, stay within reach. */
export class Boundary extends Component<Props, Caught> {
  override state: Caught = { error: null, place: this.props.place };

  static getDerivedStateFromError(error: Error): Partial<Caught> {
    return { error };
  }

  static getDerivedStateFromProps({ place }: Props, state: Caught): Caught {
    return place === state.place ? state : { error: null, place };
  }

  override componentDidCatch(error: Error): void {
    console.warn('a page could not be drawn', error);
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Failed error={error} retry={() => this.setState({ error: null })} />;
  }
}
