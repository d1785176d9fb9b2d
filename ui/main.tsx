/** Starts the page: with the engine that it was built for. */
import { render } from 'preact';
import { server } from './api/server.js';
import { engine } from './state/session.js';
import { App } from './views/app.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/views.css';
import './styles/pictures.css';

async function start(): Promise<void> {
  engine.value = __BROWSER_ENGINE__ ? (await import('./api/browser.js')).browser() : server;
  const place = document.getElementById('page');
  if (place !== null) render(<App />, place);
}

void start();
