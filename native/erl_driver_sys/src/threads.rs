//! Functions, in the order of the header: mutexes, conditions, read-write locks, data of threads, threads.

use core::ffi::{c_char, c_int, c_void};

use crate::{ErlDrvCond, ErlDrvMutex, ErlDrvRWLock, ErlDrvTSDKey, ErlDrvThreadOpts, ErlDrvTid};

unsafe extern "C" {
    /// Destroys a mutex. SAFE.
    pub fn erl_drv_mutex_destroy(mtx: *mut ErlDrvMutex);
    /// Makes a mutex. SAFE.
    pub fn erl_drv_mutex_create(name: *mut c_char) -> *mut ErlDrvMutex;
    /// Locks a mutex unless it is locked; 0 if it did. SAFE.
    pub fn erl_drv_mutex_trylock(mtx: *mut ErlDrvMutex) -> c_int;
    /// Locks a mutex. SAFE.
    pub fn erl_drv_mutex_lock(mtx: *mut ErlDrvMutex);
    /// Unlocks a mutex. SAFE.
    pub fn erl_drv_mutex_unlock(mtx: *mut ErlDrvMutex);
    /// Destroys a condition variable. SAFE.
    pub fn erl_drv_cond_destroy(cnd: *mut ErlDrvCond);
    /// Makes a condition variable. SAFE.
    pub fn erl_drv_cond_create(name: *mut c_char) -> *mut ErlDrvCond;
    /// Wakes a thread that waits. SAFE.
    pub fn erl_drv_cond_signal(cnd: *mut ErlDrvCond);
    /// Wakes all threads that wait. SAFE.
    pub fn erl_drv_cond_broadcast(cnd: *mut ErlDrvCond);
    /// Waits, with the mutex unlocked meanwhile. SAFE.
    pub fn erl_drv_cond_wait(cnd: *mut ErlDrvCond, mtx: *mut ErlDrvMutex);
    /// Destroys a read-write lock. SAFE.
    pub fn erl_drv_rwlock_destroy(rwlck: *mut ErlDrvRWLock);
    /// Makes a read-write lock. SAFE.
    pub fn erl_drv_rwlock_create(name: *mut c_char) -> *mut ErlDrvRWLock;
    /// Locks for reading unless it would wait; 0 if it did. SAFE.
    pub fn erl_drv_rwlock_tryrlock(rwlck: *mut ErlDrvRWLock) -> c_int;
    /// Locks for reading. SAFE.
    pub fn erl_drv_rwlock_rlock(rwlck: *mut ErlDrvRWLock);
    /// Unlocks after reading. SAFE.
    pub fn erl_drv_rwlock_runlock(rwlck: *mut ErlDrvRWLock);
    /// Locks for writing unless it would wait; 0 if it did. SAFE.
    pub fn erl_drv_rwlock_tryrwlock(rwlck: *mut ErlDrvRWLock) -> c_int;
    /// Locks for writing. SAFE.
    pub fn erl_drv_rwlock_rwlock(rwlck: *mut ErlDrvRWLock);
    /// Unlocks after writing. SAFE.
    pub fn erl_drv_rwlock_rwunlock(rwlck: *mut ErlDrvRWLock);
    /// Makes a key for data of threads. SAFE.
    pub fn erl_drv_tsd_key_create(name: *mut c_char, key: *mut ErlDrvTSDKey) -> c_int;
    /// Destroys a key. SAFE.
    pub fn erl_drv_tsd_key_destroy(key: ErlDrvTSDKey);
    /// Sets the thread's data. SAFE.
    pub fn erl_drv_tsd_set(key: ErlDrvTSDKey, data: *mut c_void);
    /// The thread's data. SAFE.
    pub fn erl_drv_tsd_get(key: ErlDrvTSDKey) -> *mut c_void;
    /// Destroys options. SAFE.
    pub fn erl_drv_thread_opts_destroy(opts: *mut ErlDrvThreadOpts);
    /// Makes options with the defaults. SAFE.
    pub fn erl_drv_thread_opts_create(name: *mut c_char) -> *mut ErlDrvThreadOpts;
    /// Starts a thread; an errno if it cannot. SAFE.
    pub fn erl_drv_thread_create(
        name: *mut c_char,
        tid: *mut ErlDrvTid,
        func: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
        args: *mut c_void,
        opts: *mut ErlDrvThreadOpts,
    ) -> c_int;
    /// The thread that runs. SAFE.
    pub fn erl_drv_thread_self() -> ErlDrvTid;
    /// Whether two are the same thread. SAFE.
    pub fn erl_drv_equal_tids(tid1: ErlDrvTid, tid2: ErlDrvTid) -> c_int;
    /// Ends the thread. Runs no destructors of Rust: only for threads without. SAFE.
    pub fn erl_drv_thread_exit(resp: *mut c_void);
    /// Waits for a thread's end; an errno if it cannot. SAFE.
    pub fn erl_drv_thread_join(tid: ErlDrvTid, respp: *mut *mut c_void) -> c_int;
    /// The name of a mutex. CB.
    pub fn erl_drv_mutex_name(mtx: *mut ErlDrvMutex) -> *mut c_char;
    /// The name of a condition variable. CB.
    pub fn erl_drv_cond_name(cnd: *mut ErlDrvCond) -> *mut c_char;
    /// The name of a read-write lock. CB.
    pub fn erl_drv_rwlock_name(rwlck: *mut ErlDrvRWLock) -> *mut c_char;
    /// The name of a thread. CB.
    pub fn erl_drv_thread_name(tid: ErlDrvTid) -> *mut c_char;
    /// Does nothing. Undocumented: CB.
    pub fn null_func() -> c_int;
}
