import { el, seconds, bytes, table, bar } from './format.js';

const at = id => document.getElementById(id);

/** The machines that work together, where there are others. */
export function cluster(c) {
  at('cluster').hidden = at('cluster-link').hidden = !c;
  if (!c) return;
  const longest = Math.max(1e-9, ...c.shown.map(m => m.wait));
  at('cluster-sums').textContent = `${c.machines} machines with ${c.places} places: ${c.running} runs under way, ${c.waiting} wait; ${seconds(c.backlog)} of work, which is ${seconds(c.perPlace)} for each place`
    + (c.shown.length < c.machines ? `. Shown are ${c.shown.length} of them.` : '.');
  at('cluster-table').replaceChildren(...table(null,
    ['Machine', 'Takes work', '#Places', '#Under way', '#Waiting', '#Work', 'Wait of a new run', '#Ended', '#Cores', '#Memory for runs', 'Engines'],
    c.shown.map(m => [
      m.name, m.stopping ? el('span', { class: 'off' }, 'no: stopping') : 'yes', String(m.places), String(m.running), String(m.waiting), seconds(m.backlog),
      el('div', {}, bar(`Wait at ${m.name}`, m.wait / longest), seconds(m.wait)), String(m.ended), String(m.cores), bytes(m.bytes), engines(m.engines),
    ])).childNodes);
}

const engines = list => el('div', {}, list.flatMap((e, i) => [i > 0 ? ', ' : null, e.reason ? el('span', { class: 'off' }, `${e.id} (${e.reason})`) : e.id]));
