use std::io::Read;

use futures_util::stream;

use super::*;

const TENANT: TenantId = TenantId::new(uuid::Uuid::from_u128(1));
const UPLOAD: RecordId = RecordId::from_bytes(*b"twelve bytes");

fn body(chunks: &[&'static str]) -> impl Stream<Item = Result<Bytes, axum::Error>> + use<> {
    let chunks: Vec<_> = chunks.iter().map(|text| Ok(Bytes::from(*text))).collect();
    stream::iter(chunks)
}

fn blobs() -> (Blobs, tempfile::TempDir) {
    blobs_of(u64::MAX)
}

fn blobs_of(most: u64) -> (Blobs, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (
        Blobs::open(directory.path().join("uploads"), most).unwrap(),
        directory,
    )
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn text(blobs: &Blobs) -> io::Result<String> {
    let mut text = String::new();
    blobs.read(TENANT, UPLOAD)?.read_to_string(&mut text)?;
    Ok(text)
}

#[tokio::test]
async fn an_upload_is_there_when_it_is_whole_and_within_its_limit() {
    let (blobs, _directory) = blobs();
    let large = blobs.put(TENANT, UPLOAD, body(&["abc", "def"]), 5).await;
    assert!(matches!(large, Err(BlobError::TooLarge { limit: 5 })));
    assert!(text(&blobs).is_err());
    let broken = body(&["abc"]).chain(stream::iter([Err(axum::Error::new(io::Error::other("")))]));
    let broken = blobs.put(TENANT, UPLOAD, broken, 9).await;
    assert!(matches!(broken, Err(BlobError::Body(_))));
    assert!(blobs.uploads().unwrap().is_empty());

    let written = blobs.put(TENANT, UPLOAD, body(&["abc", "def"]), 6).await;
    assert_eq!(
        (written.unwrap(), text(&blobs).unwrap().as_str()),
        (6, "abcdef")
    );
    assert_eq!(blobs.uploads().unwrap(), [(TENANT, UPLOAD)]);
    blobs.delete(TENANT, UPLOAD).await.unwrap();
    blobs.delete(TENANT, UPLOAD).await.unwrap();
    assert!(blobs.uploads().unwrap().is_empty());
}

#[tokio::test]
async fn blocks_are_put_together_in_the_order_of_the_list() {
    let (blobs, _directory) = blobs();
    for (id, content) in [
        ("Mg==", "zwei"),
        ("../../x", "drei"),
        ("MQ==", "one"),
        ("Mg==", "two"),
    ] {
        let put = blobs
            .put_block(TENANT, UPLOAD, id, body(&[content]), 11)
            .await;
        assert_eq!(put.unwrap(), content.len() as u64);
    }
    let large = blobs
        .put_block(TENANT, UPLOAD, "NA==", body(&["fi"]), 11)
        .await;
    assert!(matches!(large, Err(BlobError::TooLarge { limit: 11 })));
    assert_eq!(blobs.uploads().unwrap(), [(TENANT, UPLOAD)]);
    for unknown in ["NA==", "", &"A".repeat(89)] {
        let list = ids(&["MQ==", unknown]);
        let missing = blobs.commit_blocks(TENANT, UPLOAD, &list, 11).await;
        assert!(matches!(missing, Err(BlobError::UnknownBlock { id }) if id == unknown));
    }
    let list = ids(&["MQ==", "Mg==", "../../x"]);
    for _ in 0..2 {
        assert_eq!(
            blobs
                .commit_blocks(TENANT, UPLOAD, &list, 11)
                .await
                .unwrap(),
            10
        );
    }
    let other = ids(&["MQ=="]);
    let other = blobs.commit_blocks(TENANT, UPLOAD, &other, 11).await;
    assert!(matches!(other, Err(BlobError::Exists)));
    assert_eq!(blobs.uploads().unwrap(), [(TENANT, UPLOAD)]);
    assert_eq!(text(&blobs).unwrap(), "onetwodrei");
}

#[tokio::test]
async fn a_list_makes_no_more_of_its_blocks_than_was_put() {
    let (blobs, _directory) = blobs();
    for id in ["MQ==", "Mg=="] {
        let put = blobs.put_block(TENANT, UPLOAD, id, body(&["12345"]), 10);
        put.await.unwrap();
    }
    let twice = ids(&["MQ==", "Mg==", "MQ=="]);
    let twice = blobs.commit_blocks(TENANT, UPLOAD, &twice, 99).await;
    assert!(matches!(twice, Err(BlobError::RepeatedBlock { id }) if id == "MQ=="));
    let list = ids(&["MQ==", "Mg=="]);
    let large = blobs.commit_blocks(TENANT, UPLOAD, &list, 9).await;
    assert!(matches!(large, Err(BlobError::TooLarge { limit: 9 })));
    let whole = blobs.commit_blocks(TENANT, UPLOAD, &list, 10).await;
    assert_eq!(whole.unwrap(), 10);
}

/// A body that sends `text` and ends when it is told to.
fn slow(
    text: &'static str,
) -> (
    impl Stream<Item = Result<Bytes, axum::Error>>,
    tokio::sync::oneshot::Sender<()>,
) {
    let (end, ended) = tokio::sync::oneshot::channel();
    let last = stream::once(async move {
        let _ = ended.await;
        Ok(Bytes::new())
    });
    (body(&[text]).chain(last), end)
}

#[tokio::test]
async fn the_first_file_to_be_whole_stays() {
    let (blobs, _directory) = blobs();
    let (text_of_slow, end) = slow("late");
    let late = blobs.clone();
    let late = tokio::spawn(async move { late.put(TENANT, UPLOAD, text_of_slow, 9).await });
    blobs
        .put_block(TENANT, UPLOAD, "MQ==", body(&["block"]), 9)
        .await
        .unwrap();
    blobs
        .put(TENANT, UPLOAD, body(&["first"]), 9)
        .await
        .unwrap();
    end.send(()).unwrap();
    assert!(matches!(late.await.unwrap(), Err(BlobError::Exists)));
    assert_eq!(text(&blobs).unwrap(), "first");
}

#[tokio::test]
async fn blocks_that_come_together_share_one_limit() {
    let (blobs, _directory) = blobs();
    let (first, end) = slow("sixsix");
    let sender = blobs.clone();
    let sent =
        tokio::spawn(async move { sender.put_block(TENANT, UPLOAD, "MQ==", first, 10).await });
    while blobs.space.held(TENANT) < 6 {
        tokio::task::yield_now().await;
    }
    let second = blobs.put_block(TENANT, UPLOAD, "Mg==", body(&["sixsix"]), 10);
    assert!(matches!(
        second.await,
        Err(BlobError::TooLarge { limit: 10 })
    ));
    end.send(()).unwrap();
    assert_eq!(sent.await.unwrap().unwrap(), 6);
    assert_eq!(blobs.space.held(TENANT), 6);
}

#[tokio::test]
async fn what_a_tenant_holds_is_limited_until_it_is_given_to_a_report() {
    let (blobs, directory) = blobs_of(10);
    let other = RecordId::from_bytes(*b"another one!");
    let put = |upload, text| blobs.put(TENANT, upload, body(&[text]), 99);
    put(UPLOAD, "seven77").await.unwrap();
    let refused = put(other, "four").await;
    assert!(matches!(refused, Err(BlobError::NoRoom { most: 10 })));
    let stranger = TenantId::new(uuid::Uuid::from_u128(2));
    let theirs = blobs.put(stranger, other, body(&["four"]), 99);
    theirs.await.unwrap();

    let again = Blobs::open(directory.path().join("uploads"), 10).unwrap();
    let refused = again.put(TENANT, other, body(&["four"]), 99).await;
    assert!(matches!(refused, Err(BlobError::NoRoom { .. })));

    blobs.recount();
    assert_eq!(blobs.space.held(TENANT), 7);
    std::fs::remove_file(blobs.path(TENANT, UPLOAD)).unwrap();
    blobs.recount();
    assert_eq!(blobs.space.held(TENANT), 0, "another node deleted it");
    put(UPLOAD, "seven77").await.unwrap();
    blobs.given(TENANT, UPLOAD);
    put(other, "four").await.unwrap();
    blobs.delete(TENANT, other).await.unwrap();
    assert_eq!(blobs.space.held(TENANT), 0);
}

#[tokio::test]
async fn what_was_being_written_at_the_end_of_a_process_is_swept() {
    let (blobs, _directory) = blobs();
    blobs.put(TENANT, UPLOAD, body(&["abc"]), 9).await.unwrap();
    let part = blobs.part(TENANT, UPLOAD);
    std::fs::write(&part.0, "half").unwrap();
    blobs.sweep_parts().unwrap();
    assert!(!part.0.exists());
    assert_eq!(text(&blobs).unwrap(), "abc");
}
