// The only parts of ECharts the product draws with. The same file renders on the server (no DOM) and in the
// browser, so it holds the SVG renderer alone; a new kind of chart is registered here first.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
} from "echarts/components";
import { init, registerTheme, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([
  AriaComponent,
  BarChart,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  PieChart,
  SVGRenderer,
  TitleComponent,
  TooltipComponent,
]);

globalThis.echarts = { init, registerTheme };
