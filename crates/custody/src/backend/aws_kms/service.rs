//! Amazon's client, and the thread that drives it.

use std::fmt;
use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{
    ConfigBag, Intercept, Region, RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_kms::error::BoxError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_types::body::SdkBody;
use greatseal_core::key::PublicKey;
use http_body_util::Limited;
use tokio::runtime::{self, Handle};
use tokio::sync::{OnceCell, oneshot};

use super::formats;
use super::trouble::{Call, Outcome, Trouble};
use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::uri::AwsKmsUri;

/// Times that a call is made at most, and the pause before the second; each further one doubles.
/// Together a second and a half: quotas of the service are counted by the second.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection may take to be made, so that another attempt has its chance.
const CONNECT: Duration = Duration::from_secs(4);
/// Bytes of an answer that are read at most; the longest, a public key, has less than two thousand.
pub(super) const ANSWER_BYTES: usize = 64 * 1024;

/// AWS KMS as one URI names it: its endpoint, region and profile.
pub(super) struct Service {
    uri: AwsKmsUri,
    engine: Mutex<Option<Arc<Engine>>>,
}

/// A key as the service tells it.
pub(super) struct Held {
    /// The key itself, whatever it was asked by.
    pub(super) arn: String,
    /// Its public half.
    pub(super) public_key: PublicKey,
}

/// Which failed calls are made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// All that were not answered: twice does no harm.
    Unanswered,
    /// Only those that were turned away, because twice is not once.
    Untouched,
}

/// A runtime on a thread of its own, so that connections are kept also while nobody calls, and so
/// that callers may themselves be on any thread, those of other runtimes included.
struct Engine {
    runtime: Handle,
    client: Arc<OnceCell<Client>>,
    /// Dropped with the engine, which ends the thread.
    _running: oneshot::Sender<()>,
}

impl Service {
    /// Names the service; nothing is started yet.
    pub(super) fn new(uri: &AwsKmsUri) -> Self {
        Self { uri: uri.clone(), engine: Mutex::new(None) }
    }

    /// Makes a call, and makes it again within the deadline where that helps.
    pub(super) fn call<T, F, A>(&self, call: &Call, again: Again, deadline: Deadline, ask: F) -> Result<T, CustodyFault>
    where
        T: Send + 'static,
        F: Fn(Client) -> A + Send + 'static,
        A: Future<Output = Result<T, Trouble>> + Send,
    {
        let patience = deadline.remaining()?;
        let engine = self.engine()?;
        let (client, uri, place) = (Arc::clone(&engine.client), self.uri.clone(), call.place.clone());
        let (answer, answered) = mpsc::sync_channel(1);
        let task = engine.runtime.spawn(async move {
            let result = match client.get_or_try_init(|| connect(&uri, &place)).await {
                Ok(client) => persist(client, again, deadline, ask).await,
                Err(fault) => Err(fault),
            };
            // Nobody waits any more if this fails.
            let _ = answer.send(result);
        });
        match answered.recv_timeout(patience) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                task.abort();
                Err(CustodyFault::Deadline)
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(call.nonsense("nothing: AWS's client gave up without a word").fault)
            }
        }
    }

    /// Asks for a key's public half.
    pub(super) fn public_key(&self, key: &str, deadline: Deadline) -> Result<Held, CustodyFault> {
        let call = self.about("read the public key", key);
        let (told, id) = (call.clone(), key.to_owned());
        self.call(&call, Again::Unanswered, deadline, move |client| {
            let (call, id) = (told.clone(), id.clone());
            async move {
                let held = client.get_public_key().key_id(id).send().await.map_err(|error| call.trouble(error))?;
                let arn = held.key_id().ok_or_else(|| call.nonsense("a public key without its key's name"))?;
                let der = held.public_key().ok_or_else(|| call.nonsense("no public key"))?;
                let public_key = formats::public_key(der.as_ref()).ok_or_else(|| {
                    let spec = held.key_spec().map_or("unnamed", |spec| spec.as_str());
                    call.nonsense(&format!("a key of the kind {spec}, and not Ed25519 or P-256"))
                })?;
                Ok(Held { arn: arn.into(), public_key })
            }
        })
    }

    /// Names a call, for the words of its faults.
    pub(super) fn about(&self, action: &'static str, key: &str) -> Call {
        let region = |words: &str| self.uri.region().map(|region| format!("{words}{region}")).unwrap_or_default();
        let place = match self.uri.endpoint() {
            Some(endpoint) => format!("AWS KMS at {endpoint}"),
            None => format!("AWS KMS{}", region(" in ")),
        };
        Call { place, action, key: key.into() }
    }

    /// Starts the thread with the first call.
    fn engine(&self) -> Result<Arc<Engine>, CustodyFault> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        match &*engine {
            Some(engine) => Ok(Arc::clone(engine)),
            None => Ok(Arc::clone(engine.insert(Arc::new(Engine::start()?)))),
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.uri)
    }
}

impl Engine {
    fn start() -> Result<Self, CustodyFault> {
        let refuse = |error: std::io::Error| CustodyFault::Setup {
            problem: format!("the system gives no thread for AWS's client: {error}"),
        };
        let driver = runtime::Builder::new_current_thread().enable_all().build().map_err(refuse)?;
        let runtime = driver.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("greatseal-awskms".into())
            .spawn(move || {
                // Ends when the sender is dropped, whatever still runs.
                let _ = driver.block_on(ended);
                driver.shutdown_background();
            })
            .map_err(refuse)?;
        Ok(Self { runtime, client: Arc::new(OnceCell::new()), _running: running })
    }
}

/// Asks until there is an answer, another attempt would help nothing, or time is up.
async fn persist<T, F, A>(client: &Client, again: Again, deadline: Deadline, ask: F) -> Result<T, CustodyFault>
where
    F: Fn(Client) -> A,
    A: Future<Output = Result<T, Trouble>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        let Trouble { fault, outcome } = match ask(client.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(trouble) => trouble,
        };
        let repeat = match outcome {
            Outcome::Final => false,
            Outcome::Untouched => true,
            Outcome::Unknown => again == Again::Unanswered,
        };
        let pause_now = spread(pause);
        if !repeat || deadline.remaining()? <= pause_now {
            return Err(fault);
        }
        tokio::time::sleep(pause_now).await;
        pause = pause.saturating_mul(2);
    }
    ask(client.clone()).await.map_err(|trouble| trouble.fault)
}

/// Shortens a pause by up to half, so that many who were turned away at once come back apart.
fn spread(pause: Duration) -> Duration {
    let share = getrandom::u32().unwrap_or(u32::MAX);
    pause / 2 + (pause / 2).mul_f64(f64::from(share) / f64::from(u32::MAX))
}

/// Makes the client: reads the standard configuration of AWS and reaches nothing, unless that
/// configuration has to be fetched.
async fn connect(uri: &AwsKmsUri, place: &str) -> Result<Client, CustodyFault> {
    let https = https_client();
    // Its behaviour is pinned, as its version is: a newer one is a choice, not an accident.
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(https.clone());
    if let Some(region) = uri.region() {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = uri.profile() {
        // The profile alone: by the standard chain, variables of the environment would come first.
        let region = uri.region().map(|region| Region::new(region.to_owned()));
        let around = ProviderConfig::without_region().with_http_client(https).with_region(region);
        let chosen = ProfileFileCredentialsProvider::builder().configure(&around).profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(chosen);
    }
    let shared = loader.load().await;
    if shared.region().is_none() {
        let problem = format!("{place}: no region is named, neither by ?region= nor by the configuration of AWS");
        return Err(CustodyFault::Setup { problem });
    }
    let mut config = aws_sdk_kms::config::Builder::from(&shared)
        // We ask again ourselves: the client would not know the deadline, nor tell the last refusal.
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
        .interceptor(Bounded)
        // Our deadline is the one clock.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = uri.endpoint() {
        let scheme = if uri.is_loopback() { "http" } else { "https" };
        config = config.endpoint_url(format!("{scheme}://{endpoint}"));
    }
    if uri.is_loopback() {
        config = config.http_client(Builder::new().build_http());
    }
    Ok(Client::from_conf(config.build()))
}

/// Has no more of an answer read than any has. The client itself would read on as long as something
/// comes, also from what is not AWS and stands in its place.
#[derive(Debug)]
struct Bounded;

impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "greatseal: bounded answers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, ANSWER_BYTES));
        Ok(())
    }
}

/// Makes the client of HTTPS that Amazon's default would be, proxies of the environment included,
/// with ring in the place of aws-lc.
fn https_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().tls_provider(tls::Provider::Rustls(CryptoMode::Ring));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}
