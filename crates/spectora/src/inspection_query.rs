//! What the service can be asked of an [`InspectionQuery`].

use domain::{InspectionQuery, InspectorWanted, Status, StatusWanted, zip};

use super::InspectionFilter;

const CANCELED: StatusWanted = StatusWanted::Is(Status::Canceled);

impl InspectionFilter {
    /// The filters that ask for as much of `query` as the service can apply. All that is wanted passes them; what passes
    /// is wanted only where [`Self::settle`] says so, and is to be checked by [`InspectionQuery::holds`] all the same.
    pub fn of(query: &InspectionQuery) -> Vec<Self> {
        let mut filters = vec![Self::IncludeCanceled, Self::IncludeArchived];
        if query.statuses.contains(&StatusWanted::Is(Status::Deleted)) {
            filters.push(Self::IncludeDeleted);
        }
        if query.statuses == [CANCELED] {
            filters.push(Self::Canceled(true));
        }
        if let Some((from, before)) = query.starts {
            filters.push(Self::StartsAtOrAfter(from));
            filters.push(Self::StartsBefore(before));
        }
        filters.extend(query.agent.as_ref().map(|agent| Self::Connection(agent.id.clone())));
        // The service takes one inspector: whose work alone may be seen narrows more than whom that was worked with.
        if let Some(InspectorWanted::Person { id: Some(id), names }) = query.own.as_ref().or(query.inspector.as_ref())
            && names.is_empty()
        {
            filters.push(Self::Inspector(id.clone()));
        }
        filters.extend(query.zip.as_deref().and_then(zip::asked_of_service).map(Self::Zip));
        filters.extend(query.paid.map(Self::Paid));
        filters.extend(query.confirmed.map(Self::Confirmed));
        filters
    }

    /// Whether what passes the filters is what is wanted, so that the service's count is the total.
    pub fn settle(query: &InspectionQuery) -> bool {
        let statuses_are_filters = query.statuses.is_empty() || query.statuses == [CANCELED];
        let inspector_is_a_filter = match query.own.as_ref().or(query.inspector.as_ref()) {
            _ if query.own.is_some() && query.inspector.is_some() => false,
            None => true,
            Some(InspectorWanted::Person { id, names }) => id.is_some() && names.is_empty(),
            Some(InspectorWanted::Called(_)) => false,
        };
        statuses_are_filters
            && inspector_is_a_filter
            && query.agent.as_ref().is_none_or(|agent| agent.side.is_none())
            && query.buyers.is_none()
            && query.add_on.is_none()
            && query.city.is_none()
            && query.client.is_none()
            && query.service.is_none()
            && query.address.is_none()
            && query.paid.is_none()
            && query.confirmed.is_none()
            && query.zip.as_deref().is_none_or(|wanted| zip::asked_of_service(wanted).is_some())
    }
}
