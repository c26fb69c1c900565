// Draws the charts in the page's own colours, again when those change, and sorts tables.
const specs = JSON.parse(document.getElementById("charts").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Specifications name the page's colours; here they become what the page shows.
function painted(value) {
  if (Array.isArray(value)) return value.map(painted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) =>
    (key === "color" || key === "value") && ["accent2", "ink", "paper"].includes(each) ? [key, colour(each)]
      : key === "data" ? [key, each] : [key, painted(each)]));
}

function config() {
  const ink = colour("ink"), soft = colour("soft"), line = colour("line"), font = getComputedStyle(document.body).fontFamily;
  const accent = colour("accent");
  return {
    background: null, font, view: { stroke: null },
    axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12,
            titleFontSize: 12, titleFontWeight: "normal", labelFontWeight: "normal", gridOpacity: 0.8, labelSeparation: 5 },
    legend: { labelColor: ink, titleColor: soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", orient: "top" },
    text: { color: ink, font }, rule: { color: soft }, point: { color: accent }, bar: { color: accent }, line: { color: accent },
    range: { category: [accent, colour("accent2"), colour("third"), "#8d6bc4", "#c2577f", "#4f9aa8", "#8b8f2f", soft],
             ramp: [colour("ramp0"), colour("accent"), colour("ramp1")] },
  };
}

async function draw() {
  const places = [...document.querySelectorAll(".plot")];
  for (const place of places) {
    const spec = painted(specs[place.dataset.chart]);
    await window.vegaEmbed(place, spec, {
      actions: false, renderer: "svg", ast: true, defaultStyle: false, config: config(),
      tooltip: { disableDefaultStyle: true },
    });
  }
  document.documentElement.dataset.drawn = places.length;
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const key = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((one, other) => {
        const a = key(one, column), b = key(other, column);
        if (a === "" || b === "") return (a === "") - (b === "");  // what is unknown stays below
        const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);
if (window.vegaEmbed) {
  draw();
  dark.addEventListener("change", draw);
}
