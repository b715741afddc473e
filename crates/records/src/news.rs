//! What news are about.

use super::{RecordsError, Whole};
use domain::{Agent, Inspection};
use mirror::{Kind, News, NewsKind};
use spectora::Connections;

/// The record that a piece of news is about.
#[derive(Clone, Debug)]
pub enum NewsSubject {
    /// A new agent.
    Agent(Box<Agent>),
    /// Anything else happens to an inspection.
    Inspection(Box<Inspection>),
}

impl Whole {
    /// What each piece of news is about, as the mirror has it: news come from there, so nothing else is asked.
    pub(super) async fn news_subjects(&self, news: &[&News]) -> Result<Vec<Option<NewsSubject>>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Err(RecordsError::NoMirror) };
        let wanted: Vec<(Kind, String)> = news
            .iter()
            .map(|one| {
                let kind = if one.what == NewsKind::NewAgent { Kind::Agents } else { Kind::Inspections };
                (kind, one.id.clone())
            })
            .collect();
        let kinds: Vec<Kind> = wanted.iter().map(|(kind, _)| *kind).collect();
        let raws = syncer
            .mirror()
            .read(move |snapshot| {
                wanted.iter().map(|(kind, id)| snapshot.raw(*kind, id)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let subjects = kinds.into_iter().zip(raws).map(|(kind, raw)| {
            let Some((raw, gone_at)) = raw else { return Ok(None) };
            Ok(Some(match kind {
                Kind::Agents => NewsSubject::Agent(Box::new(self.decode::<Connections>(raw)?)),
                _ => NewsSubject::Inspection(Box::new(self.read_inspection(raw, gone_at)?)),
            }))
        });
        subjects.collect()
    }
}
