package dev.culvert.agent.folder;

import dev.culvert.agent.target.PercentEncoding;
import dev.culvert.page.Html;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The page of a folder that has none of its own. */
final class ListingPage {
    /** What it is sent with: nothing in a file's name can run or load anything. */
    static final Map<String, String> HEADERS = Map.of(
            "Content-Type", "text/html; charset=utf-8",
            "X-Content-Type-Options", "nosniff",
            "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'");

    private static final String HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>%1$s</title>
            <style>
            body { font: 16px/1.6 system-ui, sans-serif; margin: 3rem auto; max-width: 44rem; padding: 0 1.5rem;
                   color: light-dark(#1d2430, #e4e8ee); background: light-dark(#fafbfc, #14181f) }
            h1 { font-size: 1.4rem; overflow-wrap: anywhere } table { width: 100%%; border-collapse: collapse }
            td { padding: .3rem 0; border-top: 1px solid light-dark(#dde1e7, #2b323d); overflow-wrap: anywhere }
            td + td { text-align: right; white-space: nowrap; padding-left: 1rem; color: light-dark(#66707f, #8b95a4) }
            a { color: light-dark(#1a5fb4, #8ab4f8); text-decoration: none } a:hover { text-decoration: underline }
            </style>
            </head>
            <body>
            <h1>%1$s</h1>
            <table>
            %2$s</table>
            %3$s</body>
            </html>
            """;

    private static final List<String> UNITS = List.of("KiB", "MiB", "GiB", "TiB");

    private ListingPage() {}

    /**
     * The page as HTML.
     *
     * @param path of the folder, percent-encoded
     */
    static String of(String path, Finding.Listed listed) {
        StringBuilder rows = new StringBuilder();
        if (!path.equals("/")) {
            row(rows, "../", "../", "");
        }
        for (Finding.Entry entry : listed.entries()) {
            row(rows, linkTo(entry), entry.name(), entry.isFolder() ? "" : size(entry.bytes()));
        }
        String title = PercentEncoding.decoded(path);
        String note = listed.more()
                ? "<p>There is more, which is not listed.</p>\n"
                : listed.entries().isEmpty() ? "<p>There is nothing in this folder.</p>\n" : "";
        return HTML.formatted(Html.escaped(title), rows, note);
    }

    private static void row(StringBuilder rows, String link, String name, String size) {
        rows.append("<tr><td><a href=\"%s\">%s</a></td><td>%s</td></tr>\n"
                .formatted(Html.escaped(link), Html.escaped(name), size));
    }

    private static String linkTo(Finding.Entry entry) {
        String name = entry.isFolder() ? entry.name().substring(0, entry.name().length() - 1) : entry.name();
        return PercentEncoding.encoded(name) + (entry.isFolder() ? "/" : "");
    }

    private static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double rest = bytes / 1024.0;
        int unit = 0;
        while (rest >= 1024 && unit < UNITS.size() - 1) {
            rest /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, rest < 10 ? "%.1f %s" : "%.0f %s", rest, UNITS.get(unit));
    }
}
