import { el, svg, seconds, clock, percent } from './format.js';

// Marks differ in shape as well as in colour.
const shapes = [
  'M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0', 'M-3.6,-3.6h7.2v7.2h-7.2z', 'M0,-4.8L4.6,3.6H-4.6z', 'M0,-5L5,0L0,5L-5,0z',
  'M0,4.8L4.6,-3.6H-4.6z', 'M-5,-1.6h3.4v-3.4h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4z', 'M-5,-2.5h10v5h-10z', 'M-2.5,-5h5v10h-5z',
];

export const colour = index => index % 8;
export const mark = (index, transform) => svg('path', { d: shapes[index % 8], class: `f${colour(index)}`, transform });

export function legend(list, backends, feed) {
  list.replaceChildren(...backends.map(b => el('li', {}, svg('svg', { viewBox: '-7 -7 14 14', 'aria-hidden': 'true' }, mark(feed.index(b))), b)));
}

const powers = (low, high) => {
  const all = [];
  const step = Math.max(1, Math.ceil((high - low) / 8));
  for (let p = Math.ceil(low); p <= Math.floor(high); p += step) all.push(p);
  return all;
};

/** Predicted against actual on logarithmic axes, with the predicted intervals. */
export function scatter(host, runs, feed) {
  const done = runs.filter(r => r.outcome === 'Completed' && r.actual > 0 && r.predicted[0] > 0);
  const [width, height, left, bottom, edge] = [620, 430, 74, 44, 12];
  if (done.length === 0) {
    host.replaceChildren(el('p', { class: 'empty' }, 'No completed run to show.'));
    return;
  }
  const values = done.flatMap(r => [r.actual, ...r.predicted]).filter(v => v > 0 && Number.isFinite(v));
  const low = Math.floor(Math.log10(Math.min(...values)) * 2) / 2 - 0.1;
  const high = Math.ceil(Math.log10(Math.max(...values)) * 2) / 2 + 0.1;
  const x = v => left + (Math.log10(v) - low) / (high - low) * (width - left - edge);
  const y = v => height - bottom - (Math.log10(v) - low) / (high - low) * (height - bottom - edge);
  const clampedY = v => Math.min(height - bottom, Math.max(edge, y(Math.max(v, 1e-12))));
  const inside = done.filter(r => r.actual >= r.predicted[1] && r.actual <= r.predicted[2]).length;
  const label = `${done.length} runs, actual time across, predicted time upwards, logarithmic. ${percent(inside / done.length)} lie in their predicted 90 % interval.`;
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  for (const p of powers(low, high)) {
    const v = 10 ** p;
    chart.append(
      svg('line', { class: 'grid', x1: x(v), x2: x(v), y1: edge, y2: height - bottom }),
      svg('line', { class: 'grid', x1: left, x2: width - edge, y1: y(v), y2: y(v) }),
      svg('text', { x: x(v), y: height - bottom + 16, 'text-anchor': 'middle' }, seconds(v)),
      svg('text', { x: left - 6, y: y(v) + 4, 'text-anchor': 'end' }, seconds(v)));
  }
  chart.append(
    svg('text', { x: (left + width) / 2, y: height - 6, 'text-anchor': 'middle' }, 'actual'),
    svg('text', { x: 14, y: (height - bottom) / 2, 'text-anchor': 'middle', transform: `rotate(-90 14 ${(height - bottom) / 2})` }, 'predicted'),
    svg('line', { class: 'ideal', x1: left, y1: height - bottom, x2: width - edge, y2: edge }));
  for (const r of done) {
    const i = feed.index(r.backend);
    chart.append(svg('g', { 'data-run': r.id },
      svg('line', { class: `s${colour(i)}`, 'stroke-opacity': .45, x1: x(r.actual), x2: x(r.actual), y1: clampedY(r.predicted[1]), y2: clampedY(r.predicted[2]) }),
      mark(i, `translate(${x(r.actual).toFixed(1)} ${clampedY(r.predicted[0]).toFixed(1)})`),
      svg('title', {}, `${r.backend}: predicted ${seconds(r.predicted[0])} (${seconds(r.predicted[1])} to ${seconds(r.predicted[2])}), actual ${seconds(r.actual)}`)));
  }
  host.replaceChildren(chart);
}

/** The median error of each backend over time. */
export function quality(host, points, feed) {
  const backends = [...new Set(points.map(p => p.backend))];
  if (backends.length === 0) {
    host.replaceChildren(el('p', { class: 'empty' }, 'No completed run yet.'));
    return;
  }
  const [width, height, left, bottom, edge] = [620, 260, 50, 30, 12];
  const [from, to] = [Math.min(...points.map(p => p.at)), Math.max(...points.map(p => p.at))];
  const top = Math.max(2, ...points.map(p => p.error)) * 1.05;
  const x = at => left + (to === from ? 0.5 : (at - from) / (to - from)) * (width - left - edge);
  const y = v => height - bottom - Math.log(v) / Math.log(top) * (height - bottom - edge);
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `Median error of ${backends.length} backends from ${clock(from)} to ${clock(to)}; the latest values are in the table.` });
  for (const v of [1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000].filter(v => v <= top)) {
    chart.append(svg('line', { class: 'grid', x1: left, x2: width - edge, y1: y(v), y2: y(v) }), svg('text', { x: left - 6, y: y(v) + 4, 'text-anchor': 'end' }, `× ${v}`));
  }
  chart.append(svg('text', { x: left, y: height - 8 }, clock(from)), svg('text', { x: width - edge, y: height - 8, 'text-anchor': 'end' }, clock(to)));
  for (const backend of backends) {
    const i = feed.index(backend);
    const own = points.filter(p => p.backend === backend);
    chart.append(svg('polyline', { class: `s${colour(i)}`, fill: 'none', 'stroke-width': 2, points: own.map(p => `${x(p.at).toFixed(1)},${y(p.error).toFixed(1)}`).join(' ') }));
    own.forEach((p, n) => {
      if (n > 0 && own[n - 1].model !== p.model) chart.append(svg('circle', { class: `s${colour(i)}`, fill: 'none', 'stroke-width': 2, r: 6, cx: x(p.at), cy: y(p.error) }, svg('title', {}, `${backend}: model ${p.model}`)));
    });
    chart.append(mark(i, `translate(${x(own.at(-1).at).toFixed(1)} ${y(own.at(-1).error).toFixed(1)})`));
  }
  host.replaceChildren(chart);
}

/** A job along its operations: which backend held it where. */
export function timeline(job, feed) {
  const [width, row, area] = [620, 26, 44];
  const rows = Math.max(...job.parts.map(p => p.row)) + 1;
  const height = area + rows * (row + 4) + 18;
  const x = operation => operation / Math.max(1, job.operations) * width;
  const words = job.parts.map(p => `${p.backend} operations ${p.from} to ${p.to}: ${p.outcome.toLowerCase()} after ${seconds(p.seconds)}`).join('; ');
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words });
  if (job.support.length > 0) {
    const top = Math.max(1, ...job.support);
    const d = job.support.map((s, i) => `L${(i / job.support.length * width).toFixed(1)},${(area - s / top * (area - 14)).toFixed(1)}H${((i + 1) / job.support.length * width).toFixed(1)}`).join('');
    chart.append(svg('path', { class: 'support', d: `M0,${area}${d}V${area}Z` }), svg('text', { x: 2, y: 11 }, `up to 2^${top}`));
  }
  for (const part of job.parts) {
    const i = feed.index(part.backend);
    const y = area + part.row * (row + 4);
    const wide = Math.max(2, x(part.to) - x(part.from));
    const failed = part.outcome !== 'Completed' && part.outcome !== 'Swapped';
    chart.append(
      svg('rect', { class: `f${colour(i)}${failed ? ' failed' : ''}`, x: x(part.from), y, width: wide, height: row, rx: 3 },
        svg('title', {}, `${part.backend}: ${part.from} to ${part.to}, ${part.outcome}, ${seconds(part.seconds)}`)));
    if (wide > 8 * part.backend.length && !failed) {
      chart.append(svg('text', { class: 'inside', x: x(part.from) + wide / 2, y: y + row / 2 + 4, 'text-anchor': 'middle' }, part.backend));
    }
  }
  for (const swap of job.swaps.filter(s => s.operation > 0)) {
    chart.append(svg('line', { class: 'swap', x1: x(swap.operation), x2: x(swap.operation), y1: 14, y2: height - 16 }));
  }
  chart.append(svg('text', { x: 0, y: height - 3 }, 'operation 0'), svg('text', { x: width, y: height - 3, 'text-anchor': 'end' }, String(job.operations)));
  return chart;
}
