// SPDX-License-Identifier: Apache-2.0
// A curve over time, drawn by uPlot, which is loaded only here. Colours are those of the page, light or dark.
import { html, Component, currentLanguage } from './parts.mjs';

let plot; // uPlot, once it has come
const load = () => {
  plot ??= import('./vendor/uplot.mjs').then((m) => m.default);
  if (!document.querySelector('link[data-uplot]')) {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/vendor/uplot.css' });
    link.dataset.uplot = '';
    document.head.append(link);
  }
  return plot;
};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// A stretch of the plot, over its whole height or between two values.
function fill(u, from, to, low, high, style) {
  const x0 = Math.max(u.valToPos(from, 'x', true), u.bbox.left);
  const x1 = Math.min(u.valToPos(to, 'x', true), u.bbox.left + u.bbox.width);
  const y0 = Math.max(high == null ? u.bbox.top : u.valToPos(high, 'y', true), u.bbox.top);
  const y1 = Math.min(low == null ? u.bbox.top + u.bbox.height : u.valToPos(low, 'y', true), u.bbox.top + u.bbox.height);
  if (x1 <= x0 || y1 <= y0) return;
  u.ctx.save();
  u.ctx.fillStyle = style;
  u.ctx.fillRect(x0, y0, Math.max(x1 - x0, 2), y1 - y0);
  u.ctx.restore();
}

// The allowed band as a light stripe with two edges.
function drawBand(u, { low, high }) {
  fill(u, u.scales.x.min, u.scales.x.max, low, high, colour('band'));
  u.ctx.save();
  u.ctx.strokeStyle = colour('accent');
  u.ctx.setLineDash([6, 4]);
  for (const v of [low, high]) {
    const y = u.valToPos(v, 'y', true);
    if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) continue;
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, y);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
    u.ctx.stroke();
  }
  u.ctx.restore();
}

// props: label; times (s, rising); series [{label, values, colour?}]; band {low, high}; spans [{from, to, kind}] in s; from, to in s;
// unit: of the values; days: the times are days; bars: bars instead of a line.
export class Curve extends Component {
  componentDidMount() {
    this.draw();
    this.watch = new ResizeObserver(() => this.box && this.plot?.setSize({ width: this.box.clientWidth, height: this.height() }));
    this.watch.observe(this.box);
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.onScheme = () => this.draw();
    this.scheme.addEventListener('change', this.onScheme);
  }

  componentDidUpdate(before) {
    if (before.times !== this.props.times || before.label !== this.props.label || before.spans !== this.props.spans) this.draw();
  }

  componentWillUnmount() {
    this.gone = true;
    this.watch.disconnect();
    this.scheme.removeEventListener('change', this.onScheme);
    this.plot?.destroy();
  }

  height() {
    return this.box.clientWidth < 500 ? 180 : 240;
  }

  // Everything that must be seen fits: the values, the band, and zero where bars stand on it.
  range(low, high) {
    const { band, bars } = this.props;
    const all = [low, high, band?.low, band?.high, bars ? 0 : null].filter((v) => v != null && Number.isFinite(v));
    if (all.length === 0) return [0, 1];
    const [a, b] = [Math.min(...all), Math.max(...all)];
    const air = Math.max((b - a) * 0.08, bars ? 0.5 : 0.3);
    return [bars && a === 0 ? 0 : a - air, b + air];
  }

  options(uPlot) {
    const { series, band, spans = [], from, to, unit = '', days, bars } = this.props;
    const ink = colour('soft');
    const locale = currentLanguage() === 'en' ? 'en-GB' : 'nl-NL';
    const number = (v) => v.toLocaleString(locale, { maximumFractionDigits: 1 });
    const when = (s, long) => {
      const d = new Date(s * 1000);
      return long || days ? d.toLocaleDateString(locale, { day: 'numeric', month: 'short' }) : d.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
    };
    const axis = { stroke: ink, grid: { stroke: colour('edge'), width: 1 }, ticks: { stroke: colour('edge') }, font: '12px system-ui, sans-serif' };
    return {
      width: this.box.clientWidth, height: this.height(), legend: { show: false }, cursor: { show: false },
      scales: { x: { time: true, range: () => [from, to] }, y: { range: (_, low, high) => this.range(low, high) } },
      axes: [
        { ...axis, space: 70, values: (_, list) => list.map((s) => when(s, to - from > 3 * 86400)) },
        { ...axis, size: 62, values: (_, list) => list.map((v) => `${number(v)}${unit}`) },
      ],
      series: [
        {},
        ...series.map((s, i) => ({
          label: s.label, stroke: colour(s.colour ?? (i === 0 ? 'accent' : 'busy-ink')), width: 2, spanGaps: false, points: { show: bars ? false : undefined, size: 4 },
          ...(bars ? { paths: uPlot.paths.bars({ size: [0.7, 40] }), fill: colour(s.colour ?? 'accent') } : {}),
        })),
      ],
      hooks: {
        drawClear: [
          (u) => {
            if (band) drawBand(u, band);
            for (const s of spans) fill(u, s.from, s.to, null, null, colour(s.kind === 'excursion' ? 'hot' : 'gap-fill'));
          },
        ],
      },
    };
  }

  async draw() {
    const uPlot = await load();
    if (this.gone || !this.box) return;
    this.plot?.destroy();
    this.plot = new uPlot(this.options(uPlot), [this.props.times, ...this.props.series.map((s) => s.values)], this.box);
    this.box.dataset.drawn = 'yes';
  }

  render({ label }) {
    return html`<div class="curve" role="img" aria-label=${label} ref=${(box) => (this.box = box)}></div>`;
  }
}
