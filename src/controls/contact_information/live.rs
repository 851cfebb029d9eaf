//! The calls: reading, and each change.

use aws_sdk_account::types::{ContactInformation as Sent, PhoneNumberVerificationStatus};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;

use super::model::{Action, Ids, Model};
use crate::alternate_contacts::Settling;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx) -> Result<Observed<Model, Ids>, Failure> {
    let (model, ids) = read(cx).await?;
    Ok(Observed {
        ids,
        ..Observed::of(model)
    })
}

async fn read(cx: &Cx) -> Result<(Model, Ids), Failure> {
    let answer = cx
        .clients()
        .account
        .get_contact_information()
        .send()
        .await
        .map_err(Failure::from);
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) if fault.is("ResourceNotFoundException") => return Ok(Default::default()),
        Err(fault) => return Err(fault),
    };
    let Some(information) = answer.contact_information else {
        return Ok(Default::default());
    };
    let verified = match answer.verification_status {
        None | Some(PhoneNumberVerificationStatus::NotSupported) => None,
        Some(status) => Some(status == PhoneNumberVerificationStatus::Verified),
    };
    // What is not there is empty, so that an export says that it stays so.
    let or_empty = |text: Option<String>| Some(text.unwrap_or_default());
    let model = Model {
        full_name: Some(information.full_name),
        company_name: or_empty(information.company_name),
        address_line_1: Some(information.address_line1),
        address_line_2: or_empty(information.address_line2),
        address_line_3: or_empty(information.address_line3),
        city: Some(information.city),
        district_or_county: or_empty(information.district_or_county),
        state_or_region: or_empty(information.state_or_region),
        postal_code: Some(information.postal_code),
        country_code: Some(information.country_code),
        phone: Some(information.phone_number),
        website_url: or_empty(information.website_url),
        phone_tested: None,
    };
    Ok((model, Ids { verified }))
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let Action::Put(whole) = action;
    // An empty text is a key that AWS is not to have; it takes none.
    let sent = |key: &Option<String>| key.clone().filter(|text| !text.trim().is_empty());
    let information = Sent::builder()
        .set_full_name(sent(&whole.full_name))
        .set_company_name(sent(&whole.company_name))
        .set_address_line1(sent(&whole.address_line_1))
        .set_address_line2(sent(&whole.address_line_2))
        .set_address_line3(sent(&whole.address_line_3))
        .set_city(sent(&whole.city))
        .set_district_or_county(sent(&whole.district_or_county))
        .set_state_or_region(sent(&whole.state_or_region))
        .set_postal_code(sent(&whole.postal_code))
        .set_country_code(sent(&whole.country_code))
        .set_phone_number(sent(&whole.phone))
        .set_website_url(sent(&whole.website_url))
        .build()
        .map_err(|error| Failure::answer("account:PutContactInformation", error.to_string()))?;
    cx.clients()
        .account
        .put_contact_information()
        .contact_information(information)
        .send()
        .await?;
    let mut settling = Settling::new(cx, "account:GetContactInformation", 1);
    while settling.goes_on(read(cx).await?.0.is_like(whole)).await? {}
    Ok(())
}
