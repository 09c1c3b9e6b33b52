'use strict';
/*
 * What Culvert's pages have in common; stands before the page's own script. What they show is other people's text: it goes
 * into the page as text, never as markup.
 */
const $ = id => document.getElementById(id);

function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit++; }
  return `${unit === 0 ? n : n.toFixed(n < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Changes it only where it differs, so that a selection in the page survives an update. */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'data') Object.assign(element.dataset, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

function pill(element, kind, text) {
  element.dataset.state = kind;
  put(element, text);
}

/** Only what leads to a web page. */
function isLink(url) {
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

/** Makes the container's children those of the keys, in their order, with as few moves as that takes. */
function arrange(container, keys, elementOf) {
  let at = container.firstElementChild;
  for (const key of keys) {
    const element = elementOf(key);
    if (element === at) at = at.nextElementSibling;
    else container.insertBefore(element, at);
  }
  while (at) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
}
