import { Feed } from './feed.js';
import { el, seconds, percent, clock, interval, money, bytes, table, bar } from './format.js';
import { scatter, quality, timeline, legend } from './charts.js';
import { cluster } from './cluster.js';
import { decisions, forget, arrows } from './decisions.js';

const at = id => document.getElementById(id);
const filters = { backend: at('by-backend'), strategy: at('by-strategy'), outcome: at('by-outcome'), text: at('by-text') };
const connection = at('connection');
let paused = false;
let scheduled = false;
let told = '';

const feed = new Feed(schedule, (state, words) => {
  if (connection.textContent !== words) connection.textContent = words;
  connection.dataset.state = state;
  if (words.includes('again') && state === 'live') forget(at('decision-rows'));
});

function schedule() {
  if (paused || scheduled) return;
  scheduled = true;
  setTimeout(() => { scheduled = false; if (!paused) show(); }, 100);
}

function matches(item, backends, words, outcome) {
  const { backend, strategy, text } = filters;
  return (backend.value === '' || backends.includes(backend.value))
    && (strategy.value === '' || item.strategy === strategy.value)
    && (filters.outcome.value === '' || outcome === undefined || outcome === filters.outcome.value)
    && (text.value === '' || words.some(w => w && w.toLowerCase().includes(text.value.toLowerCase())));
}

function show() {
  const made = feed.decisions.filter(d => matches(d, [d.backend], [d.tag, d.note, d.backend, ...d.ranked.map(r => r.reason), ...d.refused.map(r => r.reason)]));
  const runs = feed.runs.filter(r => matches(r, [r.backend], [r.tag, r.backend], r.outcome));
  const jobs = feed.jobs.filter(j => filters.backend.value === '' || j.parts.some(p => p.backend === filters.backend.value));
  options(filters.backend, feed.backends);
  options(filters.strategy, [...new Set([...feed.decisions, ...feed.runs].map(d => d.strategy))]);
  options(filters.outcome, [...new Set(feed.runs.map(r => r.outcome))]);
  at('shown').textContent = `${made.length} of ${feed.decisions.length} decisions, ${runs.length} of ${feed.runs.length} runs`;

  decisions(at('decision-rows'), made);
  at('no-decisions').hidden = made.length > 0;
  scatter(at('scatter-chart'), runs, feed);
  legend(at('scatter-legend'), [...new Set(runs.map(r => r.backend))], feed);
  if (at('scatter-details').open) scatterTable(runs);
  quality(at('quality-chart'), feed.quality.filter(p => filters.backend.value === '' || p.backend === filters.backend.value), feed);
  qualityTable();
  swaps(jobs);
  if (feed.state) present(feed.state);
}

function options(select, values) {
  const known = new Set([...select.options].map(o => o.value));
  for (const value of values) if (!known.has(value)) select.append(el('option', { value }, value));
}

function present(state) {
  const figures = {
    'Jobs under way': state.jobs, 'Waiting here': state.waiting, 'Cores in use': percent(state.load), 'Completed': state.completed, 'Failed': state.failed,
    'Half within': seconds(state.p50), '95 % within': seconds(state.p95), 'Runs a second': Number(state.perSecond.toPrecision(3)),
  };
  at('figures').replaceChildren(...Object.entries(figures).map(([k, v]) => el('div', {}, el('dt', {}, k), el('dd', {}, String(v)))));
  const alerts = state.alerts.map(a => a.text).join('\n') + (state.running ? '' : '\nThe orchestrator does not run.');
  if (alerts !== told) {
    // Only what changes is read out.
    told = alerts;
    at('alerts').replaceChildren(...alerts.split('\n').filter(t => t).map(t => el('p', {}, t)));
  }
  const busiest = Math.max(1, ...state.backends.map(b => b.utilization));
  at('backend-table').replaceChildren(...table(null,
    ['Backend', 'Takes work', '#Under way', '#Waiting', 'Busy in the last minute', 'Expected next (90 %)', 'Wait (90 %)', '#Succeeded'],
    state.backends.map(b => [
      el('span', {}, b.name === b.id ? b.id : `${b.id} (${b.name})`), b.available ? 'yes' : el('span', { class: 'off' }, `no: ${b.reason}`), String(b.inFlight), String(b.waiting),
      el('div', {}, bar(`${b.id} busy`, b.utilization / busiest), percent(b.utilization)),
      b.forecastLoad ? `${percent(b.forecastLoad[0])} (${percent(b.forecastLoad[1])} to ${percent(b.forecastLoad[2])})` : '–', b.forecastWait ? interval(b.forecastWait) : '–', percent(b.success),
    ])).childNodes);
  cluster(state.cluster);
  cost(state.cost);
  at('footnote').textContent = `Strategy ${state.strategy}; ${state.decisions} decisions, ${state.fallBacks} changes of backend; ${state.modelsTrained} models from ${state.learned} runs; as of ${clock(state.at)}`
    + (feed.leftOut > 0 ? `; ${feed.leftOut} events came too fast to be shown` : '');
}

function cost(c) {
  const used = c.used ?? 0;
  at('budget').replaceChildren(...(c.budget === null
    ? [el('p', { class: 'note' }, `No budget is set. Spent: ${money(c.total, c.currency)}, reserved: ${money(c.reserved, c.currency)}.`)]
    : [el('p', {}, `${money(used * c.budget, c.currency)} of ${money(c.budget, c.currency)} spent (${percent(used)}), ${money(c.reserved, c.currency)} reserved`), bar('Budget spent', used, 'budget')]));
  const rows = (values, total) => Object.entries(values).map(([k, v]) => [k, money(v, c.currency), bar(`${k}, share`, total > 0 ? v / total : 0)]);
  const days = Object.fromEntries(Object.entries(c.byDay).reverse());
  at('cost-tables').replaceChildren(
    ...(Object.keys(c.byBackend).length > 0 ? [table('By backend', ['Backend', '#Spent', 'Share'], rows(c.byBackend, c.total))] : []),
    ...(Object.keys(days).length > 0 ? [table('By day (UTC)', ['Day', '#Spent', 'Share'], rows(days, Math.max(...Object.values(days))))] : []));
}

function scatterTable(runs) {
  const latest = runs.slice(-50).reverse();
  at('scatter-details').querySelector('.scroll').replaceChildren(table(null, ['Time', 'Backend', 'Outcome', 'Predicted (90 %)', '#Actual', '#Queue'],
    latest.map(r => [clock(r.at), r.backend, r.outcome, interval(r.predicted), seconds(r.actual), seconds(r.queue)])));
}

function qualityTable() {
  const latest = new Map(feed.quality.map(p => [p.backend, p]));
  at('quality-table').replaceChildren(...table(null, ['Backend', '#Median error', '#In the 90 % interval', '#Runs', '#Model'],
    [...latest.values()].map(p => [p.backend, `× ${p.error.toPrecision(3)}`, percent(p.inside), String(p.runs), String(p.model)])).childNodes);
}

function swaps(jobs) {
  at('no-swaps').hidden = jobs.length > 0;
  at('swap-list').replaceChildren(...jobs.slice(-12).reverse().map(job => el('article', { class: 'job', 'data-job': job.job },
    el('h3', {}, `${clock(job.at)}: ${job.qubits} qubits, ${job.operations} operations${job.error ? ', no result' : ''}`),
    timeline(job, feed),
    el('ul', {}, job.swaps.map(s => el('li', {},
      `${s.operation > 0 ? `before operation ${s.operation}` : 'anew'}: ${s.from} → ${s.to} (${s.trigger}): ${s.reason}`
      + (s.predictedGain !== null ? `; gain ${seconds(s.predictedGain)} predicted${s.actualGain !== null ? `, ${seconds(s.actualGain)} seen` : ''}; ${bytes(s.bytes)} in ${seconds(s.seconds)}` : '')))))));
}

// Controls.
const theme = at('theme');
const setTheme = value => { if (value) document.documentElement.dataset.theme = value; else delete document.documentElement.dataset.theme; };
theme.value = localStorage.getItem('theme') ?? '';
setTheme(theme.value);
theme.addEventListener('change', () => { localStorage.setItem('theme', theme.value); setTheme(theme.value); });

at('pause').addEventListener('click', e => {
  paused = !paused;
  e.target.setAttribute('aria-pressed', String(paused));
  e.target.textContent = paused ? 'Go on' : 'Pause';
  if (!paused) schedule();
});

const form = at('filters');
form.addEventListener('submit', e => e.preventDefault());
form.addEventListener('input', () => show());
form.addEventListener('reset', () => setTimeout(show));
at('scatter-details').addEventListener('toggle', () => show());
arrows(at('decision-rows'));
feed.open();
