package dev.culvert.page;

/** Text in pages that are made where they are asked for. */
public final class Html {
    private Html() {}

    /** The text as it stands in an element, or in an attribute between quotes of either kind. */
    public static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
