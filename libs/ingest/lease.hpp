// Lease: selects which of several instances of a stream reads the chain. It only saves calls; two writers are
// kept apart by the checkpoint's compare-and-set.
#pragma once

namespace lamda::ingest {

class Lease {
  public:
    virtual ~Lease() = default;
    /// True when this instance is the active one; tries to become active when no instance is. Fast.
    /// @throws errors of the storage.
    virtual bool held() = 0;
    /// Lets another instance become active, if there is one: this one does not try for a few seconds. No
    /// effect when this instance is not active.
    virtual void yield() = 0;
    /// True for a short time after yield(), while another instance may take the lease.
    virtual bool yielded() = 0;
};

}  // namespace lamda::ingest
