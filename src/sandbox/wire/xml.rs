//! XML: trees to elements, and elements to trees.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::AwsError;

/// An answer of awsQuery.
pub(super) fn query_answer(namespace: &str, operation: &str, output: &Value, request_id: &str) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">");
    // An operation without output has no result element either.
    if !output.is_null() {
        element(&mut xml, &format!("{operation}Result"), output, &|name| {
            // Maps are lists of keys and values, whose items have another name.
            match name {
                "Attributes" | "SummaryMap" => "entry",
                _ => "member",
            }
        });
    }
    xml.push_str(&format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ));
    xml
}

/// An answer of ec2Query.
pub(super) fn ec2_answer(namespace: &str, operation: &str, output: &Value, request_id: &str) -> String {
    let mut xml =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"{namespace}\">");
    xml.push_str(&format!("<requestId>{request_id}</requestId>"));
    content(&mut xml, "", output, &|_| "item");
    xml.push_str(&format!("</{operation}Response>"));
    xml
}

/// An error of awsQuery.
pub(super) fn query_error(namespace: &str, error: &AwsError, request_id: &str) -> String {
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escape(error.code.as_str()),
        escape(error.message.as_str()),
    )
}

/// An error of ec2Query.
pub(super) fn ec2_error(error: &AwsError, request_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message>\
         </Error></Errors><RequestID>{request_id}</RequestID></Response>",
        escape(error.code.as_str()),
        escape(error.message.as_str()),
    )
}

/// Writes one element. A key that begins with `@` is an attribute, and the elements of a list whose key ends with
/// `[]` stand side by side; `item` names the elements of every other list by the name of the list.
pub(super) fn element(xml: &mut String, name: &str, value: &Value, item: &dyn Fn(&str) -> &'static str) {
    if value.is_null() {
        return;
    }
    xml.push('<');
    xml.push_str(name);
    for (key, attribute) in value.as_object().into_iter().flatten() {
        if let (Some(key), Some(text)) = (key.strip_prefix('@'), attribute.as_str()) {
            xml.push_str(&format!(" {key}=\"{}\"", escape(text)));
        }
    }
    xml.push('>');
    content(xml, name, value, item);
    xml.push_str(&format!("</{name}>"));
}

/// Writes what stands inside of an element. A number that is called `…Timestamp` is seconds since 1970.
fn content(xml: &mut String, name: &str, value: &Value, item: &dyn Fn(&str) -> &'static str) {
    match value {
        Value::Null => {}
        Value::Number(seconds) if name.ends_with("Timestamp") => {
            let time = jiff::Timestamp::from_second(seconds.as_i64().unwrap_or_default());
            xml.push_str(&time.map_or_else(|_| String::new(), |time| time.to_string()));
        }
        Value::Bool(_) | Value::Number(_) => xml.push_str(&value.to_string()),
        Value::String(text) => xml.push_str(&escape(text.as_str())),
        Value::Array(items) => {
            for value in items {
                element(xml, item(name), value, item);
            }
        }
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('@')) {
                match (name.strip_suffix("[]"), value) {
                    (Some(name), Value::Array(items)) => {
                        for value in items {
                            element(xml, name, value, item);
                        }
                    }
                    _ => element(xml, name, value, item),
                }
            }
        }
    }
}

/// Reads a document: the root's name and its content. Repeated children become a list; of attributes only
/// `xsi:type` means anything to AWS.
pub(super) fn parse(body: &[u8]) -> Result<(String, Value), AwsError> {
    let malformed = || {
        AwsError::new(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    };
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut reader = Reader::from_str(text);
    // The elements that are open, the outermost first, with their text.
    let mut open: Vec<(String, Map<String, Value>, String)> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|_| malformed())?;
        let closed = match event {
            Event::Start(start) => {
                open.push(begin(&start));
                None
            }
            Event::Empty(start) => Some(begin(&start)),
            Event::End(_) => Some(open.pop().ok_or_else(malformed)?),
            Event::Text(piece) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&piece.xml10_content());
                }
                None
            }
            Event::GeneralRef(reference) => {
                if let Some((_, _, text)) = open.last_mut() {
                    let unescaped = quick_xml::escape::unescape(&format!("&{};", reference.xml10_content()))
                        .map_err(|_| malformed())?
                        .into_owned();
                    text.push_str(&unescaped);
                }
                None
            }
            Event::CData(piece) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&piece.xml10_content());
                }
                None
            }
            Event::Eof => return Err(malformed()),
            _ => None,
        };
        if let Some((name, members, text)) = closed {
            let value = if members.is_empty() {
                Value::String(text.trim().to_owned())
            } else {
                Value::Object(members)
            };
            match open.last_mut() {
                Some((_, parent, _)) => add(parent, name, value),
                None => return Ok((name, value)),
            }
        }
    }
}

fn begin(start: &quick_xml::events::BytesStart<'_>) -> (String, Map<String, Value>, String) {
    let name = start.local_name().as_ref().to_owned();
    let mut members = Map::new();
    for attribute in start.attributes().flatten() {
        if attribute.key.as_ref() == "xsi:type" {
            let text = attribute.value.into_owned();
            members.insert("@xsi:type".to_owned(), Value::String(text));
        }
    }
    (name, members, String::new())
}

fn add(parent: &mut Map<String, Value>, name: String, value: Value) {
    match parent.get_mut(&name) {
        None => {
            parent.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_ec2_answer_has_items_and_leaves_nulls_out() {
        let output = json!({"vpcSet": [{"vpcId": "vpc-1", "isDefault": true, "ownerId": null}], "nextToken": null,
            "emptySet": []});
        assert_eq!(
            ec2_answer("urn:ec2", "DescribeVpcs", &output, "r-1")
                .lines()
                .nth(1)
                .unwrap(),
            "<DescribeVpcsResponse xmlns=\"urn:ec2\"><requestId>r-1</requestId><vpcSet><item><vpcId>vpc-1</vpcId>\
             <isDefault>true</isDefault></item></vpcSet><emptySet></emptySet></DescribeVpcsResponse>"
        );
    }

    #[test]
    fn a_query_answer_has_a_result_with_members() {
        let output = json!({"AccountAliases": ["a<b"], "IsTruncated": false});
        assert_eq!(
            query_answer("urn:iam", "ListAccountAliases", &output, "r-1"),
            "<ListAccountAliasesResponse xmlns=\"urn:iam\"><ListAccountAliasesResult><AccountAliases>\
             <member>a&lt;b</member></AccountAliases><IsTruncated>false</IsTruncated></ListAccountAliasesResult>\
             <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListAccountAliasesResponse>"
        );
        assert!(!query_answer("urn:iam", "X", &Value::Null, "r-1").contains("XResult"));
    }

    #[test]
    fn documents_are_read_into_trees() {
        let (root, value) = parse(
            br#"<?xml version="1.0"?><P xmlns="urn:x"><A>tr&amp;ue</A><L><G><T xsi:type="Group">u</T></G><G/></L></P>"#,
        )
        .unwrap();
        assert_eq!(root, "P");
        assert_eq!(
            value,
            json!({"A": "tr&ue", "L": {"G": [{"T": {"@xsi:type": "Group"}}, ""]}})
        );
        assert_eq!(parse(b"<A><B></A>").unwrap_err().code, "MalformedXML");
        assert_eq!(parse(b"").unwrap_err().code, "MalformedXML");
    }
}
