//! A browser just good enough to sign in: cookies, redirects and forms.

use std::collections::BTreeMap;
use std::path::Path;

use casbah_model::ids::KeyId;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, RequestBuilder, Response, redirect};
use url::Url;

use crate::demo::form::{Field, Form, first_form, title};
use crate::demo::story::{Administrator, failed};
use crate::error::CliError;

/// More pages than any sign-in has.
const MOST_PAGES: u32 = 12;

/// Who signs in.
pub(crate) struct Person {
    name: String,
    password: String,
    new_password: String,
}

impl Person {
    /// Somebody who signs in for the first time and then takes a random password.
    pub(crate) fn first_time(administrator: &Administrator) -> Self {
        Self {
            name: administrator.user_principal_name.clone(),
            password: administrator.one_time_password.clone(),
            new_password: format!("Demo-{}", KeyId::random()),
        }
    }

    /// What the person types into a field.
    fn types(&self, field: &Field) -> String {
        match field.kind.as_str() {
            "password" if is_new_password(field) => self.new_password.clone(),
            "password" => self.password.clone(),
            "text" | "email" => self.name.clone(),
            _ => field.value.clone(),
        }
    }
}

fn is_new_password(field: &Field) -> bool {
    let name = field.name.to_lowercase();
    ["new", "confirm", "repeat", "again"]
        .iter()
        .any(|word| name.contains(word))
}

/// The browser.
pub(crate) struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
    person: Person,
}

impl Browser {
    pub(crate) fn new(ca_file: &Path, person: Person) -> Result<Self, CliError> {
        let pem = std::fs::read(ca_file).map_err(|source| CliError::Read {
            path: ca_file.display().to_string(),
            source,
        })?;
        let build = || {
            Client::builder()
                .redirect(redirect::Policy::none())
                .tls_certs_merge(Certificate::from_pem_bundle(&pem)?)
                .build()
        };
        Ok(Self {
            http: build().map_err(lost)?,
            cookies: BTreeMap::new(),
            person,
        })
    }

    /// Opens the address, fills every form, and follows to the loopback
    /// listener. Gives the number of pages that were filled in.
    pub(crate) async fn sign_in(&mut self, address: &str) -> Result<u32, CliError> {
        let mut at = parse(address)?;
        let home = at.origin();
        let mut response = self.send(self.http.get(at.clone())).await?;
        let mut pages = 0;
        while pages < MOST_PAGES {
            if let Some(location) = location(&response) {
                at = at.join(&location).map_err(|_| no_address(&location))?;
                if at.origin() != home {
                    // The listener must not see the server's cookies.
                    self.http.get(at).send().await.map_err(lost)?;
                    return Ok(pages);
                }
                response = self.send(self.http.get(at.clone())).await?;
                continue;
            }
            let status = response.status();
            let page = response.text().await.map_err(lost)?;
            let form = first_form(&page)
                .ok_or_else(|| failed(format!("sign-in ended at {:?} ({status})", title(&page))))?;
            at = at
                .join(&form.action)
                .map_err(|_| no_address(&form.action))?;
            if at.origin() != home {
                return Err(failed("a sign-in page posts to another host"));
            }
            let filled = self.fill(&form);
            response = self.send(self.http.post(at.clone()).form(&filled)).await?;
            pages += 1;
        }
        Err(failed("the sign-in pages do not end"))
    }

    /// The person's password by now.
    pub(crate) fn password(&self) -> &str {
        &self.person.password
    }

    /// The form as it is sent; a changed password counts from then on.
    fn fill(&mut self, form: &Form) -> Vec<(String, String)> {
        let mut pressed = false;
        let mut pairs = Vec::new();
        for field in &form.fields {
            let sent = match field.kind.as_str() {
                "checkbox" | "radio" => field.checked,
                "submit" => !std::mem::replace(&mut pressed, true),
                "button" | "reset" => false,
                _ => true,
            };
            if sent {
                pairs.push((field.name.clone(), self.person.types(field)));
            }
        }
        let changes = |field: &Field| field.kind == "password" && is_new_password(field);
        if form.fields.iter().any(changes) {
            self.person.password = self.person.new_password.clone();
        }
        pairs
    }

    async fn send(&mut self, request: RequestBuilder) -> Result<Response, CliError> {
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = if jar.is_empty() {
            request
        } else {
            request.header(COOKIE, jar.join("; "))
        };
        let response = request.send().await.map_err(lost)?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.cookies
                    .insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        Ok(response)
    }
}

fn location(response: &Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    Some(location.to_owned())
}

fn parse(address: &str) -> Result<Url, CliError> {
    Url::parse(address).map_err(|_| no_address(address))
}

fn no_address(text: &str) -> CliError {
    failed(format!("the sign-in page leads to {text:?}"))
}

fn lost(error: reqwest::Error) -> CliError {
    failed(format!(
        "the browser lost the server: {}",
        error.without_url()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person {
            name: "admin@contoso.example".to_owned(),
            password: "once".to_owned(),
            new_password: "ever".to_owned(),
        }
    }

    fn fill(page: &str) -> (Vec<(String, String)>, String) {
        let mut browser = Browser {
            http: Client::new(),
            cookies: BTreeMap::new(),
            person: person(),
        };
        let filled = browser.fill(&first_form(page).unwrap());
        (filled, browser.person.password)
    }

    #[test]
    fn forms_are_filled_as_a_person_would() {
        let (filled, password) = fill(
            "<form method=post><input type=hidden name=t value=1><input name=username>\
             <input type=password name=password><button name=a value=ok>\
             <button name=a value=cancel></form>",
        );
        let filled: Vec<String> = filled.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            filled,
            [
                "t=1",
                "username=admin@contoso.example",
                "password=once",
                "a=ok"
            ]
        );
        assert_eq!(password, "once");
    }

    #[test]
    fn a_changed_password_counts_from_then_on() {
        let (filled, password) = fill(
            "<form method=post><input type=password name=password>\
             <input type=password name=new_password>\
             <input type=password name=confirm_password></form>",
        );
        let values: Vec<&str> = filled.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["once", "ever", "ever"]);
        assert_eq!(password, "ever");
    }
}
