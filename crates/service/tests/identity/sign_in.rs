//! Signing up and in.

use secrecy::SecretString;
use service::{Actor, Error, MemberRole, NewStaff, Principal, SignIn, SignUp, StaffRole};
use sqlx::PgPool;

use crate::support::{PASSWORD, World, sign_up, world};

fn sign_in(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: SecretString::from(password),
        address: Some("192.0.2.7".to_owned()),
    }
}

async fn staff(world: &World, email: &str, role: StaffRole) -> Principal {
    let (email, name) = (email.to_owned(), "Olga".to_owned());
    let new = NewStaff {
        email,
        name,
        password: SecretString::from(PASSWORD),
        role,
    };
    Principal::Staff(world.billing.create_staff(&Actor::System, new).await.unwrap())
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_owner_signs_up_and_comes_back_however_the_address_is_written(pool: PgPool) {
    let world = world(pool).await;
    let signed_up = SignUp {
        time_zone: "Europe/Berlin".into(),
        ..sign_up("  Ada@Lumen.example ")
    };
    let principal = world.billing.sign_up(signed_up).await.unwrap();
    let back = world
        .billing
        .sign_in(sign_in("ada@lumen.EXAMPLE", PASSWORD))
        .await
        .unwrap();
    assert_eq!(back, principal);
    let actor = world.billing.actor(principal).await.unwrap();
    let Actor::Member {
        customer,
        role: MemberRole::Owner,
        ..
    } = actor
    else {
        panic!("{actor:?}")
    };

    let row: (String, String, String, String) =
        sqlx::query_as("SELECT name, email, currency, time_zone FROM customer WHERE id = $1")
            .bind(customer.uuid())
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!(
        row,
        (
            "Lumen Labs".into(),
            "Ada@Lumen.example".into(),
            "USD".into(),
            "Europe/Berlin".into()
        )
    );
    let action: String = sqlx::query_scalar("SELECT action FROM audit_entry WHERE customer_id = $1")
        .bind(customer.uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(action, "customer.signed_up");
    assert_eq!(
        world.billing.login_name(principal).await.unwrap().unwrap().name,
        "Ada"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_stored_hash_is_what_was_promised(pool: PgPool) {
    let world = world(pool).await;
    world.owner("ada@lumen.example").await;
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM member")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(!hash.contains(PASSWORD));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_sixteen_who_want_one_address_one_gets_it(pool: PgPool) {
    let world = world(pool).await;
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..16 {
        let email = if n % 2 == 0 {
            "ada@lumen.example"
        } else {
            "ADA@lumen.example"
        };
        let billing = world.billing.clone();
        tries.spawn(async move { billing.sign_up(sign_up(email)).await });
    }
    let results = tries.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(
        results
            .iter()
            .filter(|result| matches!(result, Err(Error::EmailTaken)))
            .count(),
        15
    );
    let left: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM member), (SELECT count(*) FROM audit_entry)",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(left, (1, 1, 1), "the losers leave nothing behind");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_is_refused_by_field(pool: PgPool) {
    let world = world(pool).await;
    let good = || sign_up("ada@lumen.example");
    let cases = [
        (
            "company",
            SignUp {
                company: "  ".into(),
                ..good()
            },
        ),
        (
            "company",
            SignUp {
                company: "x".repeat(201),
                ..good()
            },
        ),
        (
            "name",
            SignUp {
                name: "A\u{0}da".into(),
                ..good()
            },
        ),
        (
            "email",
            SignUp {
                email: "ada".into(),
                ..good()
            },
        ),
        (
            "password",
            SignUp {
                password: SecretString::from("7 chars"),
                ..good()
            },
        ),
        (
            "password",
            SignUp {
                password: SecretString::from("x".repeat(129)),
                ..good()
            },
        ),
    ];
    for (field, case) in cases {
        let error = world.billing.sign_up(case).await.unwrap_err();
        assert!(
            matches!(error, Error::Invalid { field: found } if found == field),
            "{field}: {error:?}"
        );
    }
    let odd = SignUp {
        time_zone: "Mars/Olympus".into(),
        password: SecretString::from("пароль12"),
        ..good()
    };
    world.billing.sign_up(odd).await.unwrap();
    let zone: String = sqlx::query_scalar("SELECT time_zone FROM customer")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(zone, "UTC");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_wrong_password_and_an_unknown_address_look_alike(pool: PgPool) {
    let world = world(pool).await;
    world.owner("ada@lumen.example").await;
    for (email, password) in [
        ("ada@lumen.example", "wrong password"),
        ("eve@lumen.example", PASSWORD),
        ("", ""),
    ] {
        let error = world.billing.sign_in(sign_in(email, password)).await.unwrap_err();
        assert!(matches!(error, Error::WrongCredentials), "{email}: {error:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_guesser_is_slowed_down_and_the_owner_elsewhere_is_not(pool: PgPool) {
    let world = world(pool).await;
    world.owner("ada@lumen.example").await;
    for _ in 0..10 {
        let wrong = world
            .billing
            .sign_in(sign_in("ada@lumen.example", "wrong password"))
            .await;
        assert!(matches!(wrong, Err(Error::WrongCredentials)));
    }
    let right_but_late = world
        .billing
        .sign_in(sign_in("Ada@lumen.example", PASSWORD))
        .await;
    assert!(matches!(right_but_late, Err(Error::TooMany)));
    let elsewhere = SignIn {
        address: Some("198.51.100.1".into()),
        ..sign_in("ada@lumen.example", PASSWORD)
    };
    world.billing.sign_in(elsewhere).await.unwrap();
}

/// One password tried on many logins from one line; whoever gets in between is not held up by it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_place_may_try_only_so_many_logins(pool: PgPool) {
    let world = world(pool).await;
    world.owner("ada@lumen.example").await;
    let from = |place: &str, email: &str, password: &str| {
        world.billing.sign_in(SignIn {
            address: Some(place.into()),
            ..sign_in(email, password)
        })
    };
    let long = "x".repeat(128);
    for n in 0..100 {
        let place = format!("2001:db8:0:1::{n:x}");
        let wrong = from(&place, &format!("guess{n}@lumen.example"), &long).await;
        assert!(matches!(wrong, Err(Error::WrongCredentials)), "{n}: {wrong:?}");
        if n % 20 == 0 {
            from(&place, "ada@lumen.example", PASSWORD).await.unwrap();
        }
    }
    let late = from("2001:db8:0:1::ffff", "ada@lumen.example", PASSWORD).await;
    assert!(matches!(late, Err(Error::TooMany)), "{late:?}");
    from("2001:db8:0:2::1", "ada@lumen.example", PASSWORD)
        .await
        .unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_place_may_sign_up_only_so_often(pool: PgPool) {
    let world = world(pool).await;
    let from = |place: &str, email: &str| {
        world.billing.sign_up(SignUp {
            address: Some(place.into()),
            ..sign_up(email)
        })
    };
    for n in 0..30 {
        from("192.0.2.7", &format!("owner{n}@lumen.example"))
            .await
            .unwrap();
    }
    let late = from("192.0.2.7", "late@lumen.example").await;
    assert!(matches!(late, Err(Error::TooMany)), "{late:?}");
    from("192.0.2.8", "late@lumen.example").await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn staff_are_made_by_the_system_alone_and_come_first(pool: PgPool) {
    let world = world(pool).await;
    let (_, owner) = world.owner("olga@cosmos.example").await;
    let principal = staff(&world, "Olga@cosmos.example", StaffRole::ReadOnly).await;
    assert_eq!(
        world
            .billing
            .sign_in(sign_in("olga@cosmos.example", PASSWORD))
            .await
            .unwrap(),
        principal
    );
    let actor = world.billing.actor(principal).await.unwrap();
    assert!(matches!(
        actor,
        Actor::Staff {
            role: StaffRole::ReadOnly,
            ..
        }
    ));
    for actor in [owner, actor, Actor::Anonymous] {
        let (email, name) = ("eve@cosmos.example".to_owned(), "Eve".to_owned());
        let new = NewStaff {
            email,
            name,
            password: SecretString::from(PASSWORD),
            role: StaffRole::Admin,
        };
        assert!(matches!(
            world.billing.create_staff(&actor, new).await,
            Err(Error::Forbidden)
        ));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn roles_are_read_anew_and_a_login_that_is_gone_is_nobody(pool: PgPool) {
    let world = world(pool).await;
    let principal = world.billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let change = async |sql: &'static str| sqlx::query(sql).execute(&world.pool).await.unwrap();
    change("UPDATE member SET role = 'viewer'").await;
    let actor = world.billing.actor(principal).await.unwrap();
    assert!(matches!(
        actor,
        Actor::Member {
            role: MemberRole::Viewer,
            ..
        }
    ));
    change("UPDATE member SET disabled_at = now()").await;
    assert_eq!(world.billing.actor(principal).await.unwrap(), Actor::Anonymous);
    let disabled = world
        .billing
        .sign_in(sign_in("ada@lumen.example", PASSWORD))
        .await;
    assert!(matches!(disabled, Err(Error::WrongCredentials)));
    change("DELETE FROM member").await;
    assert_eq!(world.billing.actor(principal).await.unwrap(), Actor::Anonymous);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_old_hash_is_replaced_at_the_next_sign_in(pool: PgPool) {
    let world = world(pool).await;
    world.owner("ada@lumen.example").await;
    // Of "correct horse battery", with the smallest parameters argon2 takes.
    let weak = weak_hash();
    sqlx::query("UPDATE member SET password_hash = $1")
        .bind(&weak)
        .execute(&world.pool)
        .await
        .unwrap();
    world
        .billing
        .sign_in(sign_in("ada@lumen.example", PASSWORD))
        .await
        .unwrap();
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM member")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    world
        .billing
        .sign_in(sign_in("ada@lumen.example", PASSWORD))
        .await
        .unwrap();
}

fn weak_hash() -> String {
    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Params, Version};
    let weak = Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(8, 1, 1, None).unwrap(),
    );
    weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}
