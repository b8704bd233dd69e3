"""How the page of an audit looks: on a screen, by day and by night, and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f6f5f1; --card: #fffefb; --ink: #21303a; --soft: #55646f;
  --line: #e2dfd6; --link: #1f5f80;
  --rows: #4b83a0; --late: #b4552d;
  --young: #5b9a85; --old: #38796f; --older: #17424a;
  --on-young: #0b241e; --on-old: #ffffff; --on-older: #ffffff;
  --kept: #24603f; --kept-bed: #e4f0e7;
  --broken: #9a2d24; --broken-bed: #f9e5e1;
  --unknown: #7a5200; --unknown-bed: #f8eed3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12181c; --card: #192126; --ink: #e3e8ea; --soft: #9fadb5;
    --line: #2c373e; --link: #8ac4e2;
    --rows: #6fa8c4; --late: #e08a5f;
    --young: #c5e0d4; --old: #7fb5a8; --older: #437c7c;
    --on-young: #12302a; --on-old: #0d2422; --on-older: #ffffff;
    --kept: #8fd0a8; --kept-bed: #1b3326;
    --broken: #f2a197; --broken-bed: #43211d;
    --unknown: #e8c374; --unknown-bed: #3b2f13;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 3.5rem; }
footer { padding-bottom: 4rem; color: var(--soft); font-size: .875rem; }
h1, h2 { font-family: "Iowan Old Style", Charter, Georgia, "Times New Roman", serif;
  font-weight: 500; line-height: 1.2; text-wrap: balance; }
h1 { font-size: 2.5rem; margin: .25rem 0 1rem; letter-spacing: -.01em; }
h2 { font-size: 1.5rem; margin: 0 0 .25rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 0; }
p { margin: 0 0 1rem; text-wrap: pretty; }
a { color: var(--link); text-underline-offset: .15em; }
.lead { font-size: 1.125rem; margin-top: -.5rem; }
.soft { color: var(--soft); }
.brow { margin: 0; color: var(--soft); letter-spacing: .04em; font-size: .875rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.75rem; margin: 1.5rem 0; }
section > :last-child { margin-bottom: 0; }
dl.facts { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.5rem 0 0; }
dl.facts dt { color: var(--soft); font-size: .8125rem; }
dl.facts dd { margin: 0; font-weight: 600; }
ol.strip { list-style: none; display: flex; flex-wrap: wrap; gap: .375rem;
  margin: 1.5rem 0 0; padding: 0; }
ol.strip a { display: block; width: 2.125rem; height: 2.125rem; border-radius: .5rem;
  text-align: center; line-height: 2.125rem; text-decoration: none; font-weight: 600; }
.kept { color: var(--kept); background: var(--kept-bed); }
.broken { color: var(--broken); background: var(--broken-bed); }
.unknown { color: var(--unknown); background: var(--unknown-bed); }
ol.strip .broken, ol.strip .unknown { box-shadow: inset 0 0 0 2px currentColor; }
.mark { display: inline-block; border-radius: 1rem; padding: .0625rem .75rem;
  font-size: .875rem; font-weight: 600; white-space: nowrap; }
.state { color: var(--soft); border: 1px solid var(--line); border-radius: 1rem;
  padding: 0 .625rem; font-size: .8125rem; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; }
th { font-size: .8125rem; font-weight: 600; color: var(--soft); }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-size: inherit; font-weight: 400; color: inherit; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.whole { white-space: nowrap; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  font-size: .8125rem; }
caption { text-align: left; font-weight: 600; padding: 1.25rem 0 .25rem; }
caption code { color: var(--soft); font-weight: 400; margin-left: .5rem; }
.number + .whole { padding-left: .75rem; }
.seen th:nth-child(1) { width: 46%; overflow-wrap: anywhere; }
.seen th:nth-child(2) { width: 28%; }
.wide { overflow-x: auto; }
figure { margin: 1.5rem 0 0; break-inside: avoid; }
figcaption { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline;
  margin-bottom: .25rem; }
figcaption .sum { margin-left: auto; color: var(--soft); font-size: .875rem; }
svg { display: block; width: 100%; min-width: 36rem; height: auto; }
svg text { font-size: 11px; fill: var(--soft); }
svg text.name { font-size: 13px; fill: var(--ink); }
svg .on-young { fill: var(--on-young); }
svg .on-old { fill: var(--on-old); }
svg .on-older { fill: var(--on-older); }
svg .rows { fill: var(--rows); }
svg .late { fill: var(--late); }
svg .young { fill: var(--young); }
svg .old { fill: var(--old); }
svg .older { fill: var(--older); }
svg .hatch { fill: none; stroke-width: 1.4; }
svg .hatch.rows { stroke: var(--rows); }
svg .hatch.late { stroke: var(--late); }
svg .hatch.young { stroke: var(--young); }
svg .hatch.old { stroke: var(--old); }
svg .hatch.older { stroke: var(--older); }
svg .grid { stroke: var(--line); }
svg .base, svg .tick { stroke: var(--soft); stroke-width: .75; }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem;
  margin: 1rem 0 0; padding: 0; color: var(--soft); font-size: .875rem; }
ul.legend i { display: inline-block; width: .875rem; height: .875rem;
  margin-right: .5rem; border-radius: .1875rem; vertical-align: -.125rem; }
i.rows { background: var(--rows); }
i.late { background: var(--late); }
i.young { background: var(--young); }
i.old { background: var(--old); }
i.older { background: var(--older); }
i.hidden { background: repeating-linear-gradient(135deg, var(--soft) 0 1px,
  transparent 1px 4px); border: 1px solid var(--soft); }
details { margin-top: .5rem; }
details table { width: auto; }
details th, details td { padding-right: 2rem; }
summary { cursor: pointer; color: var(--link); font-size: .875rem; width: fit-content; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
:target { background: var(--unknown-bed); }
@media (max-width: 40rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  header { padding-top: 2rem; }
  section { padding: 1.25rem 1rem; }
  h1 { font-size: 1.875rem; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --link: #000;
    --rows: #4b83a0; --late: #b4552d;
    --young: #5b9a85; --old: #38796f; --older: #17424a;
    --on-young: #000; --on-old: #fff; --on-older: #fff;
    --kept: #24603f; --kept-bed: #e4f0e7;
    --broken: #9a2d24; --broken-bed: #f9e5e1;
    --unknown: #7a5200; --unknown-bed: #f8eed3;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding: 0 0 1rem; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0;
    padding: 1rem 0; margin: 0; }
  h2, h3, figcaption { break-after: avoid; }
  tr { break-inside: avoid; }
  svg { min-width: 0; }
  summary { display: none; }
}
"""
