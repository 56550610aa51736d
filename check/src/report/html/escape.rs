//! Text and data of a model, made harmless for HTML.

/// `text` for use between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No control character may stand in HTML.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// `data` as the text of a script block that is not run.
pub(super) fn json_block(data: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(data).expect("plain data has a JSON form");
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let text = "<b a='1' c=\"2\">&\u{1b}[0m</b>";
        let escaped = escape(text);
        assert_eq!(escaped, "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;\u{fffd}[0m&lt;/b&gt;");
        let json = json_block(&"</script><!--&");
        assert!(!json.contains(['<', '>', '&']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("still JSON"), "</script><!--&");
    }
}
