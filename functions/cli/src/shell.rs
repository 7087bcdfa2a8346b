//! Words as a shell takes them: commands that are shown to somebody can be copied.

/// A word of a command, in quotes where a shell would take it apart.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The command of this process.
pub(crate) fn this_command() -> String {
    let mut words = std::env::args();
    let first = words.next().map_or_else(String::new, |word| program(&word));
    std::iter::once(first)
        .chain(words.map(|word| quoted(&word)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What an option of this process's command is set to.
pub(crate) fn option_of_this_command(option: &str) -> Option<String> {
    value_of(std::env::args(), option)
}

fn value_of(mut command: impl Iterator<Item = String>, option: &str) -> Option<String> {
    let joined = format!("{option}=");
    let word = command.find(|word| word == option || word.starts_with(&joined))?;
    match word.strip_prefix(&joined) {
        Some(value) => Some(value.to_owned()),
        None => command.next(),
    }
}

/// The command of this process, with an option set to a value: in the place of the one that it has, or at its end.
pub(crate) fn this_command_with(option: &str, value: &str) -> String {
    with_option(std::env::args(), option, value)
}

fn with_option(command: impl Iterator<Item = String>, option: &str, value: &str) -> String {
    let mut words = Vec::new();
    let mut command = command.peekable();
    let joined = format!("{option}=");
    while let Some(word) = command.next() {
        if word == option {
            let _ = command.next();
        } else if !word.starts_with(&joined) {
            words.push(if words.is_empty() {
                program(&word)
            } else {
                quoted(&word)
            });
        }
    }
    words.push(option.to_owned());
    words.push(quoted(value));
    words.join(" ")
}

/// The program's name as a person would type it.
fn program(path: &str) -> String {
    let name = std::path::Path::new(path).file_name();
    name.map_or_else(
        || "tideline".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        for (word, shown) in [
            ("web.yaml", "web.yaml"),
            ("http://127.0.0.1:8099", "http://127.0.0.1:8099"),
            ("my exports/a.csv", "'my exports/a.csv'"),
            ("o'clock", r"'o'\''clock'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }

    #[test]
    fn an_option_is_set_once() {
        let with = |command: &str| {
            let words = command.split(' ').map(str::to_owned);
            with_option(words, "--endpoint", "http://127.0.0.1:1")
        };
        let expected = "tideline run a.yaml b.csv --store x --endpoint http://127.0.0.1:1";
        assert_eq!(with("/usr/bin/tideline run a.yaml b.csv --store x"), expected);
        assert_eq!(
            with("tideline run a.yaml --endpoint http://localhost:2 b.csv --store x"),
            expected
        );
        assert_eq!(
            with("tideline run a.yaml --endpoint=http://localhost:2 b.csv --store x"),
            expected
        );
    }

    #[test]
    fn an_option_is_read() {
        let value = |command: &str| value_of(command.split(' ').map(str::to_owned), "--store");
        assert_eq!(value("tideline runs --store x").as_deref(), Some("x"));
        assert_eq!(value("tideline runs --store=x y").as_deref(), Some("x"));
        assert_eq!(value("tideline runs"), None);
    }
}
