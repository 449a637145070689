#include "validation/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "validation/number_text.hpp"
#include "validation/report_style.hpp"

namespace halotwin::validation {

namespace {

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Prose: escaped, with the signs that a keyboard lacks. An empty text or "-" becomes a dash.
std::string prose(std::string_view text) {
  if (text.empty() || text == "-") {
    return "–";
  }
  std::string out(text);
  replace_all(out, "+-", "±");
  replace_all(out, ">=", "≥");
  replace_all(out, "<=", "≤");
  return escape(out);
}

std::string number_html(double value, double sigma) {
  const NumberText number = number_text(value, sigma);
  std::string digits = number.digits == "-" ? "–" : number.digits;
  if (digits.starts_with('-')) {
    digits.replace(0, 1, "−");
  }
  if (number.exponent != 0) {
    digits += fmt::format(
        " × 10<sup>{}{}</sup>", number.exponent < 0 ? "−" : "", std::abs(number.exponent));
  }
  return digits;
}

std::string measured_html(const Measured& m) {
  if (std::isnan(m.value)) {
    return m.note.find("not resolved") != std::string::npos ? "not resolved" : "–";
  }
  return number_html(m.value, m.sigma) + (m.unit.empty() ? "" : " " + escape(m.unit));
}

// With a capital, unless the first word is a symbol ("kT").
std::string sentence(std::string text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (text.size() > 1 && lower(text[0]) && (lower(text[1]) || text[1] == ' ')) {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

// "4.2 s", "12 min 5 s".
std::string duration_text(double time_s) {
  if (!std::isfinite(time_s) || time_s < 0.0) {
    return "–";
  }
  if (time_s < 100.0) {
    return fmt::format("{:.{}f} s", time_s, time_s < 10.0 ? 1 : 0);
  }
  const auto whole = static_cast<long>(std::lround(time_s));
  return whole < 3600 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                      : fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string base64(const std::string& bytes) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? letters[group >> (18U - 6U * k) & 63U] : '=';
    }
  }
  return out;
}

// Width on the page of a PNG, which has two pixels per pixel of the page; "" for other pictures.
std::string width_attribute(const Figure& figure) {
  if (figure.media != "image/png" || figure.image.size() < 24) {
    return "";
  }
  unsigned width = 0;
  for (std::size_t i = 16; i < 20; ++i) {
    width = width << 8U | static_cast<unsigned char>(figure.image[i]);
  }
  return fmt::format(" width=\"{}\"", width / 2);
}

std::string badge(Met met) {
  switch (met) {
    case Met::yes:
      return "<span class=\"badge met\">met</span>";
    case Met::no:
      return "<span class=\"badge not-met\">NOT met</span>";
    case Met::shown:
      break;
  }
  return "<span class=\"badge shown\">shown</span>";
}

std::string badges(const Verdict& verdict) {
  return badge(verdict.met) +
         (verdict.calibrated ? " <span class=\"badge calibrated\">calibrated</span>" : "");
}

// What an address inside the page may contain.
std::string anchor(std::string_view id) {
  std::string out = "row-";
  for (const char c : id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += plain ? c : '-';
  }
  return out;
}

std::string counts(const std::vector<Row>& rows, const std::vector<PhysicsCheck>& physics) {
  const auto count = [&](Met met) {
    return std::count_if(
        rows.begin(), rows.end(), [&](const Row& row) { return row.verdict.met == met; });
  };
  const auto judged = static_cast<std::ptrdiff_t>(rows.size()) - count(Met::shown);
  std::string out = fmt::format("<strong>{} of {} rows met</strong>", count(Met::yes), judged);
  if (count(Met::no) > 0) {
    std::string names;
    for (const Row& row : rows) {
      if (row.verdict.met == Met::no) {
        names += fmt::format("{}<a href=\"#{}\">{}</a>",
                             names.empty() ? "" : ", ",
                             anchor(row.target.id),
                             escape(row.target.id));
      }
    }
    out += fmt::format(" (NOT met: {})", names);
  }
  if (count(Met::shown) > 0) {
    out += fmt::format(", {} shown without a verdict", count(Met::shown));
  }
  if (!physics.empty()) {
    out += fmt::format(
        "; <strong>{} of {} <a href=\"#physics\">physics checks</a> met</strong>",
        std::count_if(
            physics.begin(), physics.end(), [](const PhysicsCheck& check) { return check.met(); }),
        physics.size());
  }
  return "<p class=\"counts\">" + out + ".</p>\n";
}

std::string header_html(const ReportHeader& header) {
  const auto entry = [](const char* name, const std::string& value) {
    return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
  };
  const std::string date = iso8601(time_of_day());
  std::string out = "<header>\n<h1>halotwin validation report</h1>\n<dl>\n";
  out += entry("version", prose(header.version));
  out += entry("commit", "<code>" + prose(header.commit) + "</code>");
  out += entry("seed", std::to_string(header.seed));
  out += entry("extent", header.quick ? "quick" : "full");
  out += entry("wall time", duration_text(header.wall_s));
  out += entry("date", date.substr(0, 10) + " " + date.substr(11, 5) + " UTC");
  out += "</dl>\n";
  if (!header.command_line.empty()) {
    out += "<pre>" + escape(header.command_line) + "</pre>\n";
  }
  if (header.quick) {
    out +=
        "<p class=\"notice\">Quick run: maps of a quarter of the area, so uncertainties are "
        "larger than in a full run.</p>\n";
  }
  return out + "</header>\n";
}

constexpr std::size_t values_in_summary = 2;

std::string summary_row(const Row& row) {
  const std::vector<Measured>& values = row.verdict.values;
  std::string ours;
  for (std::size_t k = 0; k < std::min(values.size(), values_in_summary); ++k) {
    ours += fmt::format("<div><span class=\"number\">{}</span> <small>{}</small></div>",
                        measured_html(values[k]),
                        prose(values[k].name));
  }
  if (values.size() > values_in_summary) {
    ours += fmt::format("<div><small><a href=\"#{}\">and {} more</a></small></div>",
                        anchor(row.target.id),
                        values.size() - values_in_summary);
  }
  return fmt::format(
      "<tr><td><a href=\"#{0}\">{1}</a></td><td>{2}</td><td>{3}</td><td>{4}</td><td>{5}</td><td>"
      "{6}</td></tr>\n",
      anchor(row.target.id),
      escape(row.target.id),
      prose(row.target.title),
      prose(row.target.published),
      ours.empty() ? "–" : ours,
      prose(row.target.tolerance),
      badges(row.verdict));
}

std::string summary_html(const std::vector<Row>& rows) {
  std::string out =
      "<table class=\"summary\">\n<thead><tr><th>row</th><th>target</th><th>published</th><th>ours"
      "</th><th>tolerance</th><th>verdict</th></tr></thead>\n<tbody>\n";
  bool calibrated = false;
  for (const Row& row : rows) {
    out += summary_row(row);
    calibrated = calibrated || row.verdict.calibrated;
  }
  out +=
      "</tbody>\n</table>\n<p class=\"legend\">1020(8) means 1020 with a standard deviation of "
      "8 in the last digits; – means no value.";
  if (calibrated) {
    out +=
        " <em>calibrated</em>: parameters were fitted to this very figure, so that agreement is "
        "no test of the model.";
  }
  return out + "</p>\n";
}

std::string values_table(const char* title, const char* kind, const std::vector<Measured>& values) {
  if (values.empty()) {
    return "";
  }
  std::string out = fmt::format(
      "<table class=\"values {}\">\n<thead><tr><th>{}</th><th>value</th></tr></thead>\n<tbody>\n",
      kind,
      title);
  for (const Measured& m : values) {
    out += fmt::format(
        "<tr><td>{}{}</td><td class=\"number\">{}</td></tr>\n",
        prose(m.name),
        m.note.empty() || m.note == "-" ? "" : "<br><small>" + prose(m.note) + "</small>",
        measured_html(m));
  }
  return out + "</tbody>\n</table>\n";
}

std::string figure_html(const Row& row, std::size_t k) {
  const Figure& figure = row.verdict.figures[k];
  return fmt::format(
      "<figure>\n<img alt=\"{}\"{} src=\"data:{};base64,{}\">\n<figcaption><b>{} {}. "
      "{}.</b> {}</figcaption>\n</figure>\n",
      escape(figure.title),
      width_attribute(figure),
      escape(figure.media),
      base64(figure.image),
      escape(row.target.id),
      fmt::format("Fig. {}", k + 1),
      prose(sentence(figure.title)),
      figure.caption.empty() ? "" : prose(sentence(figure.caption)));
}

// Each command once: rows often share a map.
std::string reproduce_html(const std::vector<std::string>& commands) {
  std::vector<std::string> seen;
  std::string out;
  for (const std::string& command : commands) {
    if (std::find(seen.begin(), seen.end(), command) == seen.end()) {
      seen.push_back(command);
      out += escape(command) + "\n";
    }
  }
  return out.empty() ? "" : "<h3>How to reproduce</h3>\n<pre>" + out + "</pre>\n";
}

std::string row_html(const Row& row) {
  std::string out = fmt::format("<section id=\"{}\">\n<h2><span class=\"id\">{}</span> {}</h2>\n",
                                anchor(row.target.id),
                                escape(row.target.id),
                                prose(row.target.title));
  out += fmt::format(
      "<p>{}</p>\n<dl "
      "class=\"claim\">\n<div><dt>published</dt><dd>{}</dd></div>\n<div><dt>tolerance"
      "</dt><dd>{}</dd></div>\n<div><dt>wall time</dt><dd>{}</dd></div>\n</dl>\n",
      badges(row.verdict),
      prose(row.target.published),
      prose(row.target.tolerance),
      duration_text(row.wall_s));
  if (!row.verdict.values.empty() || !row.verdict.nulls.empty()) {
    out += "<div class=\"beside\">\n" + values_table("ours", "effect", row.verdict.values) +
           values_table("null", "null", row.verdict.nulls) + "</div>\n";
  }
  if (!row.verdict.note.empty()) {
    out += "<p class=\"note\">" + prose(row.verdict.note) + "</p>\n";
  }
  for (std::size_t k = 0; k < row.verdict.figures.size(); ++k) {
    out += figure_html(row, k);
  }
  return out + reproduce_html(row.verdict.reproduce) + "</section>\n";
}

// Two digits are enough for a deviation.
std::string deviation_html(double deviation) {
  if (!std::isfinite(deviation) || deviation == 0.0) {
    return number_html(deviation, 0.0);
  }
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(deviation))) - 1.0);
  return number_html(std::round(deviation / unit) * unit, 0.0);
}

std::string physics_html(const std::vector<PhysicsCheck>& physics) {
  if (physics.empty()) {
    return "";
  }
  std::string out =
      "<section id=\"physics\">\n<h2>Physics checks</h2>\n<p>Each model against something that "
      "does "
      "not share its derivation, worked out in this run. Deviations are relative.</p>\n<table "
      "class=\"physics\">\n<thead><tr><th>model</th><th>held against</th><th>deviation</th><th>"
      "tolerance</th><th>verdict</th></tr></thead>\n<tbody>\n";
  for (const PhysicsCheck& check : physics) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}"
        "</td></tr>\n",
        prose(check.model),
        prose(check.against),
        deviation_html(check.deviation),
        deviation_html(check.tolerance),
        badge(check.met() ? Met::yes : Met::no));
  }
  return out + "</tbody>\n</table>\n</section>\n";
}

// The older report stays whole until the new one is complete.
void replace_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  std::ofstream file(fresh, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  std::error_code error;
  if (file) {
    std::filesystem::rename(fresh, path, error);
  }
  if (!file || error) {
    throw DataError(fmt::format("{}: cannot be written", path.string()));
  }
}

void write_html(const std::filesystem::path& folder,
                const std::string& title,
                const std::string& body) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw DataError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  }
  replace_file(folder / "report.html", report_head(escape(title)) + body + "</body>\n</html>\n");
}

}  // namespace

void write_page(const std::filesystem::path& folder, const Page& page) {
  std::string body = fmt::format("<header>\n<h1>{}</h1>\n", escape(page.title));
  const auto paragraph = [&](const char* kind, const std::string& text) {
    body += text.empty() ? "" : fmt::format("<p class=\"{}\">{}</p>\n", kind, prose(text));
  };
  paragraph("subtitle", page.subtitle);
  body += "</header>\n<main>\n";
  paragraph("note", page.note);
  for (const std::string& warning : page.warnings) {
    paragraph("notice", "Warning: " + warning + ".");
  }
  body += "<div class=\"beside\">\n" + values_table("measured", "effect", page.values) +
          values_table("null", "null", page.nulls) + "</div>\n";
  Row row{};
  row.verdict.figures = page.figures;
  for (std::size_t k = 0; k < page.figures.size(); ++k) {
    body += figure_html(row, k);
  }
  write_html(folder, page.title, body + reproduce_html(page.reproduce) + "</main>\n");
}

void write_report(const std::filesystem::path& folder,
                  const ReportHeader& header,
                  const std::vector<Row>& rows,
                  const std::vector<PhysicsCheck>& physics) {
  std::string body = header_html(header) + "<main>\n" + counts(rows, physics) + summary_html(rows);
  for (const Row& row : rows) {
    body += row_html(row);
  }
  write_html(folder, "halotwin validation report", body + physics_html(physics) + "</main>\n");
}

}  // namespace halotwin::validation
