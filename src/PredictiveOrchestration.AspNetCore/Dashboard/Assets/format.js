// Figures as people read them. Everything that comes from the server becomes text nodes, never markup.

const digits = value => Number(value.toPrecision(3)).toString();

export function seconds(value) {
  if (value === null || value === undefined || Number.isNaN(Number(value))) return '–';
  const s = Number(value);
  if (s === 0) return '0 s';
  if (s < 0) return `−${seconds(-s)}`;
  if (!Number.isFinite(s)) return '∞';
  if (s < 1e-6) return `${digits(s * 1e9)} ns`;
  if (s < 1e-3) return `${digits(s * 1e6)} µs`;
  if (s < 1) return `${digits(s * 1e3)} ms`;
  if (s < 120) return `${digits(s)} s`;
  if (s < 7200) return `${digits(s / 60)} min`;
  return s < 172800 ? `${digits(s / 3600)} h` : `${digits(s / 86400)} d`;
}

export const percent = value => value === null || value === undefined ? '–' : `${value > 0 && value < 0.1 ? digits(100 * value) : Math.round(100 * value)} %`;

export const money = (value, currency) => `${value >= 100 ? value.toFixed(2) : digits(value)} ${currency}`;

export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let i = 0;
  for (; value >= 1024 && i < units.length - 1; i++) value /= 1024;
  return `${digits(value)} ${units[i]}`;
}

export const clock = at => new Date(at).toLocaleTimeString(undefined, { hour12: false });

export const interval = ([median, lower, upper]) => `${seconds(median)} (${seconds(lower)} to ${seconds(upper)})`;

/** Makes an element: attributes by name, functions as event handlers, the rest as children. */
export function el(name, attributes, ...children) {
  const node = document.createElement(name);
  set(node, attributes);
  node.append(...children.flat().filter(c => c !== null && c !== undefined));
  return node;
}

export function svg(name, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  set(node, attributes);
  node.append(...children.flat().filter(c => c !== null && c !== undefined));
  return node;
}

function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') node.addEventListener(key, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
}

export function table(caption, heads, rows) {
  const isNumber = i => heads[i].startsWith('#');
  return el('table', {},
    caption ? el('caption', {}, caption) : null,
    el('thead', {}, el('tr', {}, heads.map((h, i) => el('th', { scope: 'col', class: isNumber(i) ? 'number' : null }, h.replace(/^#/, ''))))),
    el('tbody', {}, rows.map(r => el('tr', {}, r.map((c, i) => i === 0 ? el('th', { scope: 'row' }, c) : el('td', { class: isNumber(i) ? 'number' : null }, c))))));
}

/** A bar with a name for those who do not see it. */
export function bar(label, share, extra = '') {
  const fill = el('span');
  fill.style.width = `${Math.min(100, Math.max(0, 100 * share))}%`;
  return el('div', {
    class: `bar ${share > 1 ? 'over' : ''} ${extra}`, role: 'meter', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100,
    'aria-valuenow': Math.round(Math.min(100, 100 * share)), 'aria-valuetext': percent(share),
  }, fill);
}
