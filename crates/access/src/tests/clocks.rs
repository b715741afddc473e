//! Clocks that stand at an edge, and clocks that are set.

use super::*;

#[tokio::test]
async fn what_ends_ends_at_its_very_moment() {
    let world = World::new().await;
    let moment = |ms: i64| world.clock.forward(SignedDuration::from_millis(ms));
    let answer = world.exchange(&world.code().await, &[]).await.unwrap();
    let ends_at = Some(world.store.now() + 3_600_000);
    let program = world.store.add_token("program", &given("owner"), ends_at).unwrap();
    moment(3_599_999);
    assert!(world.who(&answer.access_token).await.is_some() && world.who(&program).await.is_some());
    moment(1);
    assert!(world.who(&answer.access_token).await.is_none() && world.who(&program).await.is_none());
    let early = world.code().await;
    moment(59_999);
    assert!(world.exchange(&early, &[]).await.is_ok());
    let late = world.code().await;
    moment(60_000);
    assert_eq!(world.exchange(&late, &[]).await.unwrap_err().code, "invalid_grant");
    let two_months = 60 * 86_400_000;
    moment(two_months - 3_600_000 - 120_000 - 1);
    let next = world.refresh(&answer.refresh_token).await.unwrap();
    moment(two_months);
    assert_eq!(world.refresh(&next.refresh_token).await.unwrap_err().code, "invalid_grant");
}

#[tokio::test]
async fn what_was_seen_as_ended_stays_ended_when_the_clock_is_set_back() {
    let world = World::new().await;
    let (seen, unseen) = (
        world.exchange(&world.code().await, &[]).await.unwrap(),
        world.exchange(&world.code().await, &[]).await.unwrap(),
    );
    let code = world.code().await;
    world.pass(3_601);
    assert_eq!(world.who(&seen.access_token).await, None);
    assert_eq!(world.exchange(&code, &[]).await.unwrap_err().code, "invalid_grant");
    world.pass(-3_600);
    assert_eq!(world.who(&seen.access_token).await, None);
    assert_eq!(world.exchange(&code, &[]).await.unwrap_err().code, "invalid_grant");
    // What nobody has seen as ended goes by the clock, and whoever has to renew can.
    assert!(world.who(&unseen.access_token).await.is_some());
    let next = world.refresh(&seen.refresh_token).await.unwrap();
    assert!(world.who(&next.access_token).await.is_some());
    // So it is in another process, and with a refresh token.
    world.pass(61 * 86_400);
    assert_eq!(world.refresh(&next.refresh_token).await.unwrap_err().code, "invalid_grant");
    world.pass(-61 * 86_400);
    let other = AccessStore::at(world.store.path(), Arc::clone(&world.clock) as _);
    let other = login_at(&other, "https://mcp.example.com");
    assert!(other.verify(seen.access_token.clone()).await.unwrap().is_none());
    assert_eq!(world.refresh(&next.refresh_token).await.unwrap_err().code, "invalid_grant");
}

#[tokio::test]
async fn a_clock_set_forward_ends_access_tokens_and_no_grant() {
    let world = World::new().await;
    let answer = world.exchange(&world.code().await, &[]).await.unwrap();
    world.pass(30 * 86_400);
    world.store.tidy().unwrap();
    assert_eq!(world.who(&answer.access_token).await, None);
    let next = world.refresh(&answer.refresh_token).await.unwrap();
    // Tokens of a time that is still to come are good until then.
    world.pass(-30 * 86_400);
    world.store.tidy().unwrap();
    assert!(world.who(&next.access_token).await.is_some());
    assert!(world.refresh(&next.refresh_token).await.is_ok());
}

/// Twenty refreshes of one token at once; the clock is set after the first ones. Gives all that came of them.
async fn burst(world: &Arc<World>, token: &SecretString, jump: i64) -> Vec<Result<TokenAnswer, OAuthError>> {
    let refreshes: Vec<_> = (0..20)
        .map(|turn| {
            let (world, token) = (Arc::clone(world), token.clone());
            tokio::spawn(async move {
                if turn == 7 {
                    world.pass(jump);
                }
                world.refresh(&token).await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for refresh in refreshes {
        answers.push(refresh.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_around_a_jump_logs_nobody_out() {
    for jump in [3_600, -3_600] {
        let world = Arc::new(World::new().await);
        let first = world.exchange(&world.code().await, &[]).await.unwrap().refresh_token;
        let answers = burst(&world, &first, jump).await;
        assert!(answers.iter().all(Result::is_ok), "{jump}: {answers:?}");
        // Each of the twenty can go on.
        for answer in answers.iter().flatten() {
            assert!(world.who(&answer.access_token).await.is_some() || 0 < jump, "{jump}");
            assert!(world.refresh(&answer.refresh_token).await.is_ok(), "{jump}");
        }
        // Where the clock went back, the time of the replacement lies ahead: the token is taken until two minutes after it.
        world.pass(3_600 + 121);
        assert_eq!(world.refresh(&first).await.unwrap_err().code, "invalid_grant", "{jump}");
        assert_eq!(world.store.grants().unwrap(), [], "{jump}");
    }
}
