//! The routes of the REST protocols: which method and path mean which operation.

use http::Method;
use serde_json::Value;

/// One operation's place among the paths.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(super) operation: &'static str,
    /// The method, the path and, where it tells operations apart, the key of the query: `PUT /{Bucket}?acl`. A segment
    /// in braces is a label, and so is the last one with a `+`, which takes the rest of the path.
    pub(super) place: &'static str,
    /// The status of success.
    pub(super) status: u16,
    /// How restXml writes the answer.
    pub(super) output: Output,
}

/// How restXml writes an answer.
#[derive(Clone, Copy)]
pub(super) enum Output {
    /// As a document with this root.
    Xml(&'static str),
    /// As it is: the member of this name.
    Raw(&'static str),
    /// In headers, and no body.
    Headers,
}

/// An operation that answers 200 and, with restXml, no body.
pub(crate) const fn route(operation: &'static str, place: &'static str) -> Route {
    Route {
        operation,
        place,
        status: 200,
        output: Output::Headers,
    }
}

impl Route {
    /// The same with another status.
    pub(crate) const fn status(self, status: u16) -> Self {
        Route { status, ..self }
    }

    /// The same with a document as the answer.
    pub(crate) const fn xml(self, root: &'static str) -> Self {
        let output = Output::Xml(root);
        Route { output, ..self }
    }

    /// The same with a member as the answer, as it is.
    pub(crate) const fn raw(self, member: &'static str) -> Self {
        let output = Output::Raw(member);
        Route { output, ..self }
    }

    pub(super) fn method(&self) -> &'static str {
        self.place.split(' ').next().unwrap_or_default()
    }

    /// The key of the query that tells the operation, if one does.
    pub(super) fn key(&self) -> Option<&'static str> {
        self.place.split_once('?').map(|(_, key)| key)
    }

    /// The labels of a path, if method and path are the route's.
    pub(super) fn labels(&self, method: &Method, segments: &[&str]) -> Option<Vec<(String, Value)>> {
        let path = self.place.split_once(' ')?.1.split('?').next()?;
        let template = path.split('/').filter(|part| !part.is_empty());
        let mut labels = Vec::new();
        let mut parts = 0;
        for part in template {
            let segment = segments.get(parts)?;
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None if part == *segment => {}
                None => return None,
                Some(name) => match name.strip_suffix('+') {
                    Some(name) => {
                        labels.push((name.to_owned(), Value::String(segments[parts..].join("/"))));
                        parts = segments.len();
                        break;
                    }
                    None => labels.push((name.to_owned(), Value::String((*segment).to_owned()))),
                },
            }
            parts += 1;
        }
        (self.method() == method.as_str() && parts == segments.len()).then_some(labels)
    }
}
