import {message} from './message.js';

const show = text => { document.getElementById('message').textContent = text; };

show(message);
// Counts what a reload would set back to one.
window.swaps = 0;
import.meta.hot.accept('./message.js', fresh => {
  window.swaps++;
  show(fresh.message);
});
