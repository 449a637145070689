#include "validation/report_style.hpp"

#include <string_view>

namespace halotwin::validation {

namespace {

constexpr std::string_view before_title = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
)html";

constexpr std::string_view after_title = R"html(
<style>
:root { color-scheme: light; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 62rem; color: #1a1a1a; background: #fff;
  font: 1.05rem/1.5 Georgia, "Liberation Serif", "DejaVu Serif", serif; }
h1, h2, h3, table, dl, figcaption, .badge, .legend, .counts, .notice {
  font-family: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 0.8rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 0.6rem; }
h3 { font-size: 0.95rem; margin: 1.4rem 0 0.4rem; }
h2 .id { color: #555; margin-right: 0.4em; }
a { color: #0a4f8a; }
small { font-size: 0.85em; color: #4a4a4a; }
dl { display: flex; flex-wrap: wrap; gap: 0.3rem 2rem; margin: 0 0 0.8rem; font-size: 0.92rem; }
dl div { display: flex; gap: 0.5em; }
dt { color: #555; white-space: nowrap; }
dd { margin: 0; }
dl.claim { display: block; }
dl.claim dt { min-width: 6em; }
pre, code { font-family: "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace; }
code { font-size: 0.92em; }
pre { background: #f5f5f3; border: 1px solid #dedede; border-radius: 4px; padding: 0.6rem 0.8rem; margin: 0 0 0.8rem;
  font-size: 0.8rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; line-height: 1.4; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.7rem 0.4rem 0; }
th { font-weight: 600; border-bottom: 2px solid #555; }
td { border-bottom: 1px solid #ddd; }
sup { line-height: 0; }
table.summary td:nth-child(4) { width: 27%; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; font-weight: 600; }
table.values th:last-child { white-space: nowrap; }
.beside { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; margin: 0.8rem 0; }
.beside table:only-child { max-width: 38rem; }
.beside table { flex: 1 1 24rem; width: auto; }
table.null { background: #f7f7f5; }
table.null th:first-child, table.null td:first-child { padding-left: 0.6rem; }
.badge { display: inline-block; padding: 0.05rem 0.5rem; border-radius: 3px; border: 1px solid; font-size: 0.82rem;
  font-weight: 700; white-space: nowrap; margin-bottom: 2px; }
.met { color: #14532d; background: #e4f4e9; }
.not-met { color: #8f1109; background: #fde9e7; }
.shown { color: #3d3d3d; background: #efefef; }
.calibrated { color: #5a4100; background: #fff3cf; font-weight: 400; }
.notice { border-left: 4px solid #b7860b; background: #fff8e3; padding: 0.4rem 0.8rem; font-size: 0.92rem; }
.legend { font-size: 0.85rem; color: #444; }
.note { max-width: 46rem; }
.subtitle { color: #444; margin: -0.4rem 0 0.8rem; }
section { margin-top: 2.6rem; padding-top: 1.4rem; border-top: 1px solid #999; }
figure { margin: 1.4rem 0; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { font-size: 0.9rem; line-height: 1.45; max-width: 46rem; margin-top: 0.4rem; color: #333; }
@page { margin: 16mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  figure, tr, pre, .beside { break-inside: avoid; }
  h2, h3, thead { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
</style>
</head>
<body>
)html";

}  // namespace

std::string report_head(const std::string& title) {
  return std::string(before_title) + "<title>" + title + "</title>" + std::string(after_title);
}

}  // namespace halotwin::validation
