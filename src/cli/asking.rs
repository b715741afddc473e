//! Questions to the person at the terminal, or what is usual where nobody is to be asked.

use std::io::IsTerminal as _;

use secrecy::SecretString;

use super::output;

/// Asks, or does not.
pub(super) struct Asking {
    is_interactive: bool,
}

impl Asking {
    /// With `yes` nothing is asked. `Err` where somebody should be asked and there is no terminal.
    pub(super) fn new(yes: bool) -> anyhow::Result<Self> {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !yes && !is_terminal {
            anyhow::bail!("there is nobody to ask here: give --yes, and the answers as options (--help shows them)");
        }
        Ok(Self { is_interactive: !yes })
    }

    pub(super) fn is_interactive(&self) -> bool {
        self.is_interactive
    }

    pub(super) fn begin(&self, title: &str) -> anyhow::Result<()> {
        if self.is_interactive { Ok(cliclack::intro(title)?) } else { self.say(title) }
    }

    pub(super) fn end(&self, text: &str) -> anyhow::Result<()> {
        if self.is_interactive { Ok(cliclack::outro(text)?) } else { self.say(text) }
    }

    pub(super) fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.is_interactive {
            cliclack::log::remark(text)?;
        } else {
            output::line(text);
        }
        Ok(())
    }

    /// Yes or no; `usual` where nobody is asked.
    pub(super) fn agrees(&self, question: &str, usual: bool) -> anyhow::Result<bool> {
        if !self.is_interactive {
            return Ok(usual);
        }
        Ok(cliclack::confirm(question).initial_value(usual).interact()?)
    }

    /// A line that `check` takes; `usual` where nobody is asked.
    pub(super) fn line<T: 'static>(
        &self,
        question: &str,
        usual: &str,
        check: impl Fn(&str) -> Result<T, String> + 'static,
    ) -> anyhow::Result<T> {
        let text = if self.is_interactive {
            let input = cliclack::input(question).default_input(usual);
            let text: String = input.placeholder(usual).interact()?;
            text
        } else {
            usual.to_owned()
        };
        match check(text.trim()) {
            Ok(value) => Ok(value),
            Err(reason) if self.is_interactive => {
                cliclack::log::error(&reason)?;
                self.line(question, usual, check)
            }
            Err(reason) => Err(anyhow::Error::msg(reason)),
        }
    }

    /// A key, which is not shown as it is typed; `Err` where nobody is asked.
    pub(super) fn key(&self) -> anyhow::Result<SecretString> {
        anyhow::ensure!(self.is_interactive, "there is nobody to ask for a key here");
        let key: String = cliclack::password("Paste the key (it is not shown)").mask('•').interact()?;
        Ok(SecretString::from(key.trim().to_owned()))
    }

    /// One of these; the first where nobody is asked.
    pub(super) fn one_of<T: Clone + Eq>(&self, question: &str, choices: &[(T, &str)]) -> anyhow::Result<Option<T>> {
        if !self.is_interactive {
            return Ok(choices.first().map(|(choice, _)| choice.clone()));
        }
        let items: Vec<(T, &str, &str)> = choices.iter().map(|(choice, name)| (choice.clone(), *name, "")).collect();
        Ok(Some(cliclack::select(question).items(&items).interact()?))
    }

    /// Some of these; all where nobody is asked.
    pub(super) fn some_of<T: Clone + Eq>(&self, question: &str, choices: &[(T, String)]) -> anyhow::Result<Vec<T>> {
        let all: Vec<T> = choices.iter().map(|(choice, _)| choice.clone()).collect();
        if !self.is_interactive || choices.is_empty() {
            return Ok(all);
        }
        let items: Vec<(T, &String, &str)> = choices.iter().map(|(choice, name)| (choice.clone(), name, "")).collect();
        Ok(cliclack::multiselect(question).items(&items).initial_values(all).required(false).interact()?)
    }
}
