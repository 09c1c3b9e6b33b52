'use strict';
/*
 * Shows what GET /api/v1/events tells. Names, owners, targets and labels are other people's text: everything goes into
 * the page as text, never as markup, and only http and https become links.
 */
const TOKEN = 'culvert-admin-token';

/** Rows in the page at once; with more, the filter finds the others. */
const MOST_ROWS = 500;

/** The edge writes at least every 15 s; longer silence means that the connection is dead. */
const SILENCE_MILLIS = 40_000;

const cluster = {nodes: [], tunnels: new Map()};
let sorting = {column: 'name', descending: false};

/* Words and numbers. */

const plain = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const compact = new Intl.NumberFormat('en', {notation: 'compact', maximumFractionDigits: 1});
const count = n => n < 10_000 ? plain.format(n) : compact.format(n);
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

function age(since) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/* Nodes. */

const nodeCards = new Map();
const NODE_FIGURES = ['visitors', 'lanes', 'streams', 'relayed'];

function nodeCard(id) {
  let card = nodeCards.get(id);
  if (!card) {
    const figures = NODE_FIGURES.map(field =>
      make('div', {}, make('dt', {textContent: field}), make('dd', {data: {field}})));
    card = make('article', {className: 'card node', data: {node: id}},
      make('header', {}, make('h3', {data: {field: 'label'}}), make('span', {className: 'state', data: {field: 'state'}})),
      make('p', {className: 'about', data: {field: 'about'}}),
      make('dl', {}, ...figures));
    nodeCards.set(id, card);
  }
  return card;
}

const nodeName = node => node.label || node.id.slice(0, 8);

function showNode(node) {
  const card = nodeCard(node.id);
  const part = field => card.querySelector(`[data-field=${field}]`);
  card.dataset.silent = node.silent;
  card.dataset.here = node.here;
  put(part('label'), nodeName(node));
  part('label').title = node.id;
  if (node.silent) pill(part('state'), 'bad', 'no answer');
  else if (node.draining) pill(part('state'), 'busy', 'draining');
  else pill(part('state'), 'good', 'ready');
  put(part('about'), node.address
    ? `${node.address} · ${node.version} · up ${age(node.since)} · ${plural(node.requests, 'request')}`
    : node.id);
  for (const field of NODE_FIGURES) {
    part(field).dataset.value = node[field];
    put(part(field), count(node[field]));
  }
}

/* Tunnels. */

const rows = new Map();
const COLUMNS = [
  ['name', ''], ['state', ''], ['owner', 'Owner'], ['target', 'Target'], ['holders', ''],
  ['visitors', 'Visitors'], ['requests', 'Requests'], ['bytesIn', 'In'], ['bytesOut', 'Out']];
const NUMBERS = {visitors: count, requests: count, bytesIn: bytes, bytesOut: bytes};

function row(name) {
  let line = rows.get(name);
  if (!line) {
    line = make('tr', {data: {tunnel: name}}, ...COLUMNS.map(([field, label]) =>
      make('td', {className: field in NUMBERS ? 'number' : '', data: {field, label}})));
    const cell = field => line.querySelector(`[data-field=${field}]`);
    cell('name').append(make('span', {className: 'name'}), make('a', {target: '_blank', rel: 'noopener noreferrer'}),
      make('small'));
    cell('state').append(make('span', {className: 'state'}), make('small'));
    cell('holders').append(make('div', {className: 'chips'}));
    rows.set(name, line);
  }
  return line;
}

function showTunnel(tunnel) {
  const line = row(tunnel.name);
  const cell = field => line.querySelector(`[data-field=${field}]`);
  put(cell('name').querySelector('.name'), tunnel.name);
  const link = cell('name').querySelector('a');
  put(link, tunnel.url.replace(/^https?:\/\//, ''));
  if (isLink(tunnel.url)) link.href = tunnel.url;
  else link.removeAttribute('href');
  const state = cell('state').querySelector('.state');
  const until = cell('state').querySelector('small');
  line.dataset.state = stateOf(tunnel);
  if (tunnel.holders.length) {
    pill(state, 'good', 'online');
    put(until, '');
    state.title = `owned since ${new Date(tunnel.since).toLocaleString()}`;
  } else {
    pill(state, 'wait', 'reserved');
    put(until, tunnel.reservedUntil
      ? `until ${new Date(tunnel.reservedUntil).toLocaleTimeString([], {hour12: false})}` : '');
    state.title = 'its agent is away; the name is kept for its owner';
  }
  link.title = tunnel.url;
  put(cell('name').querySelector('small'), [...tunnel.passwords ? ['password'] : [], ...tunnel.people, ...tunnel.allowFrom, ...tunnel.unread.map(way => `${way} (not known here)`), ...tunnel.rate ? [`at most ${tunnel.rate}`] : []].join(' · '));
  for (const field of ['owner', 'target']) {
    put(cell(field), tunnel[field].replace(/^(http|file):\/\//, '')); // What most begin with leaves no room for the rest.
    cell(field).title = tunnel[field];
  }
  showHolders(cell('holders'), tunnel.holders);
  for (const [field, format] of Object.entries(NUMBERS)) {
    cell(field).dataset.value = tunnel[field];
    cell(field).classList.toggle('zero', tunnel[field] === 0);
    put(cell(field), format(tunnel[field]));
  }
}

function showHolders(cell, holders) {
  const lanes = new Map();
  for (const holder of holders) lanes.set(holder.node, [...lanes.get(holder.node) ?? [], holder]);
  const chips = [...lanes].map(([node, here]) => ({
    node,
    text: holderName(node) + (here.length > 1 ? ` ×${here.length}` : ''),
    title: here.map(holder => `agent ${holder.address ?? holder.instance}`).join('\n'),
  })).sort((a, b) => a.text.localeCompare(b.text));
  const drawn = JSON.stringify(chips);
  cell.dataset.value = [...lanes.keys()].sort().join(' ');
  if (cell.dataset.drawn === drawn) return;
  cell.dataset.drawn = drawn;
  cell.firstElementChild.replaceChildren(...chips.map(chip =>
    make('span', {className: 'chip', textContent: chip.text, title: chip.title, data: {holder: chip.node}})));
}

const holderName = id => {
  const node = cluster.nodes.find(one => one.id === id);
  return node ? nodeName(node) : id.slice(0, 8);
};
const stateOf = tunnel => tunnel.holders.length ? 'online' : 'reserved';

const ORDER = {
  name: tunnel => tunnel.name, owner: tunnel => tunnel.owner, target: tunnel => tunnel.target, state: stateOf,
  holders: tunnel => tunnel.holders.length, visitors: tunnel => tunnel.visitors, requests: tunnel => tunnel.requests,
  bytesIn: tunnel => tunnel.bytesIn, bytesOut: tunnel => tunnel.bytesOut,
};

function compare(a, b) {
  const [x, y] = [ORDER[sorting.column](a), ORDER[sorting.column](b)];
  const order = typeof x === 'number' ? x - y : x.localeCompare(y);
  return (sorting.descending ? -order : order) || a.name.localeCompare(b.name);
}

function matches(tunnel, wanted) {
  return [tunnel.name, tunnel.url, tunnel.owner, tunnel.target, ...tunnel.holders.map(holder => holderName(holder.node))]
    .some(text => text.toLowerCase().includes(wanted));
}

function showTunnels() {
  const wanted = $('filter').value.trim().toLowerCase();
  const found = [...cluster.tunnels.values()].filter(tunnel => !wanted || matches(tunnel, wanted)).sort(compare);
  const shown = found.slice(0, MOST_ROWS);
  shown.forEach(showTunnel);
  arrange($('tunnels'), shown.map(tunnel => tunnel.name), row);
  const all = cluster.tunnels.size;
  put($('shown'), shown.length < found.length ? `first ${shown.length} of ${count(found.length)}; the filter finds the others`
    : wanted ? `${count(found.length)} of ${count(all)}` : all ? count(all) : '');
  $('empty').hidden = shown.length > 0;
  document.querySelector('.scroll').hidden = shown.length === 0;
  $('filter').hidden = all === 0;
  put($('empty-title'), wanted ? 'Nothing found' : 'No tunnels yet');
  put($('empty-text'), wanted ? 'No name, owner, target or node contains what you typed.'
    : 'Beside a server that listens on port 3000:');
  $('empty-code').hidden = Boolean(wanted);
}

/* The cluster as a whole. */

function showCluster() {
  const {nodes, tunnels} = cluster;
  nodes.forEach(showNode);
  arrange($('nodes'), nodes.map(node => node.id), nodeCard);
  for (const id of nodeCards.keys()) if (!nodes.some(node => node.id === id)) nodeCards.delete(id);
  for (const name of rows.keys()) if (!tunnels.has(name)) rows.delete(name);
  showTunnels();

  const ready = nodes.filter(node => !node.silent && !node.draining).length;
  const online = [...tunnels.values()].filter(tunnel => tunnel.holders.length).length;
  put($('nodes-ready'), count(ready));
  put($('nodes-all'), ready === nodes.length ? '' : `of ${count(nodes.length)}`);
  put($('tunnels-online'), count(online));
  put($('tunnels-reserved'), online === tunnels.size ? '' : `+ ${count(tunnels.size - online)} reserved`);
  put($('visitors'), count(visitorsNow()));
  put($('headline'), ready === nodes.length ? 'All is well.' : ready === 0 ? 'No node is ready.'
    : `${ready} of ${nodes.length} nodes are ready.`);
  put($('lede'), `${plural(nodes.length, 'node')}, ${plural(tunnels.size, 'name')}, ${plural(requestsEver(), 'request')} carried.`);
  const here = nodes.find(node => node.here);
  if (here) put($('here'), nodeName(here));
}

const sum = (of, field) => of.reduce((total, one) => total + one[field], 0);
const visitorsNow = () => sum(cluster.nodes, 'visitors');
const requestsEver = () => sum(cluster.nodes, 'requests');

/* Once a second: the rate over the last five, and two lines over the last minute. */

const visitorsSeen = [];
const ratesSeen = [];
let samples = [];

function tick() {
  if (document.body.dataset.live !== 'yes') return;
  const nodes = cluster.nodes.map(node => node.id).sort().join();
  // Numbers that come or go with a node are no requests.
  if (samples.length && samples[0].nodes !== nodes) samples = [];
  samples.push({at: performance.now(), requests: requestsEver(), nodes});
  samples = samples.slice(-6);
  const [first, last] = [samples[0], samples[samples.length - 1]];
  const rate = last === first ? 0 : Math.max(0, (last.requests - first.requests) / (last.at - first.at) * 1000);
  put($('rate'), count(rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10));
  spark('rate-spark', ratesSeen, rate);
  spark('visitors-spark', visitorsSeen, visitorsNow());
  cluster.nodes.forEach(showNode); // How long they have been up.
}

function spark(id, values, latest) {
  values.push(latest);
  if (values.length > 60) values.shift();
  const top = Math.max(...values, 1e-9);
  const step = 240 / Math.max(values.length - 1, 1);
  const points = values.map((v, i) => `${(i * step).toFixed(1)},${(46 - 40 * v / top).toFixed(1)}`).join(' ');
  const svg = $(id);
  if (!svg.firstChild) {
    svg.append(...['polygon', 'polyline'].map(tag => document.createElementNS('http://www.w3.org/2000/svg', tag)));
  }
  svg.hidden = false;
  svg.children[0].setAttribute('points', `0,48 ${points} 240,48`);
  svg.children[1].setAttribute('points', points);
}

/* The events: fetched, because an EventSource cannot send a token. */

function onEvent(type, data) {
  if (type === 'snapshot') cluster.tunnels = new Map();
  cluster.nodes = data.nodes;
  for (const tunnel of data.tunnels) cluster.tunnels.set(tunnel.name, tunnel);
  for (const name of data.gone ?? []) cluster.tunnels.delete(name);
  document.body.dataset.live = 'yes';
  pill($('live'), 'good', 'live');
  showCluster();
}

function parse(block) {
  let type = 'message';
  const data = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) type = line.slice(7);
    else if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (data.length) onEvent(type, JSON.parse(data.join('\n')));
}

/** Reads until the stream ends; throws when it breaks. True when something came. */
async function follow() {
  const token = sessionStorage.getItem(TOKEN);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MILLIS);
  try {
    const answer = await fetch('/api/v1/events', {
      headers: token ? {Authorization: `Bearer ${token}`} : {}, cache: 'no-store', signal: silence.signal});
    if (answer.status === 401) {
      sessionStorage.removeItem(TOKEN);
      await askForToken(token !== null);
      return true;
    }
    if (!answer.ok) throw new Error((await answer.json()).message);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    let came = false;
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return came;
      came = true;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MILLIS);
      const blocks = (text + value).split('\n\n');
      text = blocks.pop();
      blocks.forEach(parse);
    }
  } finally {
    clearTimeout(timer);
  }
}

function askForToken(wasWrong) {
  pill($('live'), 'wait', 'locked');
  put($('headline'), 'Who is there?');
  put($('lede'), '');
  $('wrong').hidden = !wasWrong;
  showParts(false);
  $('token').focus();
  return new Promise(resolve => {
    $('door').onsubmit = submitted => {
      submitted.preventDefault();
      sessionStorage.setItem(TOKEN, $('token').value.trim());
      $('token').value = '';
      showParts(true);
      pill($('live'), 'wait', 'connecting');
      put($('headline'), '…');
      resolve();
    };
  });
}

function showParts(open) {
  $('door').hidden = open;
  for (const id of ['figures', 'nodes-part', 'tunnels-part']) $(id).hidden = !open;
  document.querySelector('.foot').hidden = !open;
}

async function run() {
  let wait = 0;
  for (;;) {
    let why = '';
    try {
      if (await follow()) wait = 0;
    } catch (fault) {
      why = fault instanceof TypeError || fault.name === 'AbortError' ? '' : fault.message;
    }
    if (document.body.dataset.live === 'yes') {
      document.body.dataset.live = 'no';
      put($('headline'), 'This edge does not answer.');
      put($('lede'), `What is below was so at ${new Date().toLocaleTimeString([], {hour12: false})}.`);
    }
    pill($('live'), 'bad', 'reconnecting');
    $('live').title = why;
    wait = Math.min(5000, wait * 2 || 250);
    await new Promise(resolve => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
  }
}

/* The controls. */

function sortBy(column) {
  const numeric = column in NUMBERS || column === 'holders';
  sorting = {column, descending: sorting.column === column ? !sorting.descending : numeric};
  for (const head of document.querySelectorAll('th')) {
    if (head.dataset.column === column) head.setAttribute('aria-sort', sorting.descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
  showTunnels();
}

for (const head of document.querySelectorAll('th')) {
  head.firstElementChild.addEventListener('click', () => sortBy(head.dataset.column));
}
document.querySelector('th[data-column=name]').setAttribute('aria-sort', 'ascending');
$('filter').addEventListener('input', showTunnels);
setInterval(tick, 1000);
run();
