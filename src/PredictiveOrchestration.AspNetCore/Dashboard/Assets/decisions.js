import { el, seconds, percent, clock, interval, money, bytes, table } from './format.js';

// Rows stay the same elements for as long as their decision is shown, so that neither the focus nor an open row is lost.
const rows = new Map();
const most = 100;

export function decisions(body, shown) {
  const wanted = shown.slice(-most).reverse();
  const ids = new Set(wanted.map(d => d.id));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.details?.remove();
      row.main.remove();
      rows.delete(id);
    }
  }
  let before = body.firstElementChild;
  for (const decision of wanted) {
    let row = rows.get(decision.id);
    if (!row) {
      rows.set(decision.id, row = { main: line(decision), details: null });
    }
    if (row.main === before) {
      before = row.details?.isConnected ? row.details.nextElementSibling : row.main.nextElementSibling;
    } else {
      body.insertBefore(row.main, before);
      if (row.details?.isConnected) body.insertBefore(row.details, before);
    }
  }
}

/** After the server was started again its numbers mean other decisions. */
export function forget(body) {
  rows.clear();
  body.replaceChildren();
}

function line(d) {
  const first = d.ranked[0];
  const button = el('button', { type: 'button', 'aria-expanded': 'false', 'aria-label': `Details of decision ${d.id}`, click: () => toggle(d, button) }, '▸');
  return el('tr', { 'data-decision': d.id },
    el('td', { class: 'time' }, clock(d.at)),
    el('td', {}, `${d.qubits} qubits, ${d.gates} gates, ${d.shots} shots`, d.tag ? el('span', { class: 'tag' }, d.tag) : null),
    el('td', {}, d.backend, d.note ? el('span', { class: 'tag' }, d.note) : null),
    el('td', {}, interval(first.seconds)),
    el('td', { class: 'number' }, percent(d.confidence)),
    el('td', { class: 'reason' }, `${d.strategy}: ${first.reason}`),
    el('td', {}, button));
}

async function toggle(d, button) {
  const row = rows.get(d.id);
  const open = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', String(open));
  button.textContent = open ? '▾' : '▸';
  if (!open) {
    row.details?.remove();
    return;
  }
  if (!row.details) {
    const words = el('pre', {}, 'Loading the explanation …');
    row.details = el('tr', { class: 'details' }, el('td', { colspan: 7 }, words, candidates(d)));
    explain(d.id, words);
  }
  row.main.after(row.details);
}

async function explain(id, words) {
  try {
    const response = await fetch(`decisions/${id}`);
    words.textContent = await response.text();
  } catch {
    words.textContent = 'The explanation cannot be had: there is no connection.';
  }
}

function candidates(d) {
  const ranked = d.ranked.map((r, i) => [
    `${i + 1}. ${r.id}`, interval(r.seconds), interval(r.wait), money(r.cost[0], r.currency), bytes(r.bytes), percent(r.fidelity), Number(r.loss).toPrecision(3), `${r.source}, ${r.observations} runs`,
  ]);
  return [
    table('Backends that can do it, best first', ['Backend', 'Time (90 %)', 'Wait (90 %)', '#Cost', '#Memory up to', '#Fidelity', '#Loss', 'Predicted by'], ranked),
    d.refused.length > 0 ? table('Refused', ['Backend', 'Reason'], d.refused.map(r => [r.id, r.reason])) : null,
  ];
}

/** The arrow keys go from row to row. */
export function arrows(body) {
  body.addEventListener('keydown', e => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp' || !(e.target instanceof HTMLButtonElement)) return;
    const buttons = [...body.querySelectorAll('tr[data-decision] button')];
    const next = buttons[buttons.indexOf(e.target) + (e.key === 'ArrowDown' ? 1 : -1)];
    if (next) {
      next.focus();
      e.preventDefault();
    }
  });
}
