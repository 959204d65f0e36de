// How every chart looks, counts and behaves. The server draws with `toSvg`, the browser with `draw`: the same
// file, so that what takes over looks like what stood there.

// Names of the style sheet's variables: SVG attributes resolve them, so a chart follows the theme by itself.
const INK = "var(--color-base-content)";
const MUTED = "var(--color-muted)";
const LINE = "var(--color-base-300)";
const SURFACE = "var(--color-base-100)";

const AXIS = {
  axisLine: { lineStyle: { color: LINE } },
  axisTick: { show: false },
  axisLabel: { color: MUTED, fontSize: 11 },
};

const THEME = {
  categoryAxis: AXIS,
  valueAxis: { ...AXIS, axisLine: { show: false }, splitLine: { lineStyle: { color: LINE } } },
  // ECharts computes the highlight's colour, which it cannot with a variable's name.
  line: { symbol: "circle", symbolSize: 5, lineStyle: { width: 2 }, emphasis: { disabled: true } },
  bar: { barMaxWidth: 28, emphasis: { disabled: true } },
};

// Drawn into the SVG: a box of HTML would be placed by a style attribute.
const TOOLTIP = {
  renderMode: "richText",
  confine: true,
  transitionDuration: 0,
  backgroundColor: SURFACE,
  borderColor: LINE,
  borderWidth: 1,
  padding: [8, 10],
  shadowBlur: 0,
  shadowOffsetX: 0,
  shadowOffsetY: 0,
  textStyle: { color: INK, fontSize: 12 },
};

const AXIS_POINTER = { animation: false, lineStyle: { color: MUTED, type: "solid" } };

// The server's engine has no Intl.
function grouped(figure, digits) {
  const [whole, fraction] = figure.toFixed(digits).split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction ? `${groups}.${fraction}` : groups;
}

function signed(value, mark, text) {
  return `${value < 0 ? "\u2212" : ""}${mark}${text}`;
}

// Exact, for the tooltip: values come in the unit's smallest parts.
export function full(value, unit) {
  if (value == null || value === "-") return "\u2013";
  const digits = unit.digits;
  return signed(value, unit.mark, grouped(Math.abs(value) / 10 ** digits, digits)) + unit.suffix;
}

// Short, for the axis: $12k, 1.5M.
export function short(value, unit) {
  const amount = Math.abs(value) / 10 ** unit.digits;
  const steps = [[1e9, "B"], [1e6, "M"], [1e3, "k"]];
  const [step, letter] = steps.find(([step]) => amount >= step) ?? [1, ""];
  return signed(value, unit.mark, `${Number((amount / step).toFixed(2))}${letter}`);
}

// Bars of this stack hang where the one below them ends, falls as well as rises; the one without a name only
// holds them up.
const WATERFALL = "waterfall";

function hang(series, unit, fontFamily) {
  if (series.stack !== WATERFALL) return series;
  const label = series.label && {
    ...series.label,
    color: INK,
    fontSize: 11,
    fontFamily,
    formatter: ({ value }) => short(value, unit),
  };
  return { ...series, stackStrategy: "all", silent: series.name === undefined, ...(label && { label }) };
}

// What a page's option leaves open: formats, fonts, and that nothing moves.
export function present(option, unit, fontFamily) {
  const series = [].concat(option.series ?? []).map((series) => hang(series, unit, fontFamily));
  const hangs = series.some(({ stack }) => stack === WATERFALL);
  const yAxis = [].concat(option.yAxis ?? []);
  for (const axis of yAxis) {
    axis.axisLabel = { ...axis.axisLabel, formatter: (value) => short(value, unit) };
  }
  return {
    ...option,
    series,
    yAxis,
    animation: false,
    textStyle: { color: INK, fontFamily },
    axisPointer: { ...AXIS_POINTER, link: [{ xAxisIndex: "all" }] },
    tooltip: {
      ...TOOLTIP,
      trigger: hangs ? "item" : "axis",
      textStyle: { ...TOOLTIP.textStyle, fontFamily },
      valueFormatter: (value) => full(value, unit),
    },
  };
}

export function toSvg(option, unit, width, height) {
  const chart = globalThis.echarts.init(null, THEME, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(present(JSON.parse(option), JSON.parse(unit), "sans-serif"));
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

// Puts a live chart in the place of the server's drawing, once the reader is near it.
export function draw(frame, option, unit, bundle) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    // Without the bundle the server's drawing stays, which says the same.
    load(bundle).then(() => takeOver(frame, option, unit), () => {});
  }, { rootMargin: "200px" });
  seen.observe(frame);
}

const loading = new Map();

function load(bundle) {
  if (!loading.has(bundle)) {
    loading.set(bundle, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = bundle;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    }));
  }
  return loading.get(bundle);
}

function takeOver(frame, option, unit) {
  const size = () => ({ width: frame.clientWidth, height: frame.clientHeight });
  const stage = document.createElement("div");
  const chart = globalThis.echarts.init(stage, THEME, { renderer: "svg", ...size() });
  chart.setOption(present(JSON.parse(option), JSON.parse(unit), getComputedStyle(frame).fontFamily));
  frame.replaceChildren(stage);
  new ResizeObserver(() => chart.resize(size())).observe(frame);
}
