//! The server: pages and API on a loopback address, and the socket that commands on this machine use.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use super::auth::Local;
use super::{App, router};
use crate::archive::{Archive, ArchiveError, Layout};
use crate::config::SocketReach;
use crate::jobs::Scheduler;

/// How long running requests may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Where a started server listens.
#[derive(Clone, Debug)]
pub struct Listening {
    pub address: SocketAddr,
    pub socket: PathBuf,
}

/// Serves until `stop` completes, then lets running requests finish.
///
/// `ready` is called once both listeners are open.
///
/// # Errors
/// When the address or the socket cannot be bound.
pub async fn serve(
    archive: Arc<Archive>,
    listen: SocketAddr,
    ready: impl FnOnce(&Listening),
    stop: impl Future<Output = ()>,
) -> Result<(), ArchiveError> {
    let tcp = TcpListener::bind(listen).await.map_err(ArchiveError::io(listen.to_string()))?;
    let socket = archive.layout().socket();
    let unix = bind_socket(archive.layout(), archive.config().people.socket)?;
    let address = tcp.local_addr().map_err(ArchiveError::io(listen.to_string()))?;
    archive.follow_in_background()?;
    // Ends with this function, before the archive is closed.
    let _shipper = archive.ship_in_background()?;
    let stop_jobs = Arc::new(AtomicBool::new(false));
    let jobs = finish_jobs(archive.clone(), stop_jobs.clone());
    ready(&Listening { address, socket: socket.clone() });

    let (stopping, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        // An error means that the sender is gone, which is a reason to stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let app = App::new(archive)?;
    let scheduler = Scheduler::start(app.jobs.clone())?;
    let routes = router(app);
    let over_tcp = axum::serve(tcp, routes.clone()).with_graceful_shutdown(wait(stopped.clone()));
    let over_unix = axum::serve(unix, local_routes(routes).into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(wait(stopped));
    let servers = async { tokio::join!(over_tcp.into_future(), over_unix.into_future()) };
    tokio::pin!(servers);
    tokio::select! {
        _ = &mut servers => {}
        () = stop => {
            tracing::info!("stopping; running requests may finish");
            let _ = stopping.send(true);
            let _ = tokio::time::timeout(GRACE, servers).await;
        }
    }
    // Waits for a job under way, which is told to end; dropped on the threads for blocking work.
    let _ = tokio::task::spawn_blocking(move || drop(scheduler)).await;
    stop_jobs.store(true, Ordering::Relaxed);
    // The job ends after its present step; whatever became of it, it goes on at the next start.
    let _ = jobs.await;
    // A socket file that nobody listens on is only clutter; a new server replaces it anyway.
    let _ = std::fs::remove_file(socket);
    Ok(())
}

/// Goes on, beside serving, with what an earlier run or a changed policy has left to do.
fn finish_jobs(archive: Arc<Archive>, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        if let Err(error) = archive.finish_reevaluation(&|| stop.load(Ordering::Relaxed)) {
            tracing::error!(%error, "the records could not all be decided again; it goes on at the next start");
        }
    })
}

/// Opens the socket. The caller holds the archive's lock, so a file that is there belongs to nobody.
fn bind_socket(layout: &Layout, reach: SocketReach) -> Result<UnixListener, ArchiveError> {
    let (path, short) = (&layout.socket(), layout.short_socket().map_err(ArchiveError::io(layout.socket()))?);
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(ArchiveError::io(path)(error));
        }
        _ => {}
    }
    let bound = UnixListener::bind(&short).map_err(ArchiveError::io(path))?;
    let mode = std::fs::Permissions::from_mode(reach.mode());
    std::fs::set_permissions(path, mode).map_err(ArchiveError::io(path))?;
    Ok(bound)
}

/// The other end of the socket, as the kernel vouches for it.
#[derive(Clone, Debug)]
struct Peer {
    uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|peer| peer.uid()) }
    }
}

/// The same routes, for callers whom the kernel has identified.
fn local_routes(routes: Router) -> Router {
    routes.layer(axum::middleware::from_fn(
        |ConnectInfo(peer): ConnectInfo<Peer>,
         mut request: axum::extract::Request,
         next: axum::middleware::Next| async move {
            request.extensions_mut().insert(Local { uid: peer.uid });
            next.run(request).await
        },
    ))
}

/// Name of an operating-system user; the number where `/etc/passwd` has none.
pub fn user_name(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| uid.to_string())
}

/// Routes for a caller inside this process, who acts as the user that runs it.
///
/// # Errors
/// See [`App::new`].
pub fn in_process(archive: Arc<Archive>, uid: u32) -> Result<Router, ArchiveError> {
    Ok(router(App::new(archive)?).layer(Extension(Local { uid: Some(uid) })))
}
