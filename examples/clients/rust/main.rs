// SPDX-License-Identifier: MIT
// main.rs - a message sent and read by the client that openapi-generator makes; docs/clients.md says how.
use dm_client::apis::configuration::{ApiKey, Configuration};
use dm_client::apis::{events_api, messages_api, Error};
use dm_client::models::MessageSend;
use std::env::var;

fn connect(name: &str) -> Configuration {
    Configuration {
        base_path: var("SERVER").unwrap(),
        api_key: Some(ApiKey { prefix: Some("Token".into()), key: var(name).unwrap() }),
        ..Configuration::new()
    }
}

fn id(name: &str) -> i64 {
    var(name).unwrap().parse().unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (john, jane) = (connect("JOHN"), connect("JANE"));
    let hello = MessageSend::new("Hello from Rust".into());
    let sent = messages_api::dm_send_create(&john, id("JANE_ID"), hello, Some("a UUID"), None, None, None).await.unwrap();
    println!("sent {} {}", sent.id, sent.direction);
    println!("unread {}", messages_api::dm_unread_retrieve(&jane, None, None, None).await.unwrap().count);
    let page = messages_api::dm_conversations_list2(&jane, id("JOHN_ID"), None, None, None, None, None, None).await.unwrap();
    let newest = &page.results[0];
    println!("newest {} {} {}", newest.direction, newest.content, newest.read_at.is_some());
    let refused = messages_api::dm_send_create(&john, id("JOHN_ID"), MessageSend::new("to myself".into()), None, None, None, None).await;
    if let Err(Error::ResponseError(answer)) = refused {
        println!("refused {} {}", answer.status.as_u16(), answer.content);
    }
    println!("ticket {}", events_api::dm_events_ticket_create(&jane, None, None, None).await.unwrap().expires_in);
}
