import { render } from 'preact';
import { App } from './App';
import './styles/base.css';
import './styles/shell.css';
import './styles/pivot.css';
import './styles/desk.css';

const root = document.getElementById('root');
if (root) render(<App />, root);
