#include "services/node-agent/bus/detachable_loop.hpp"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace lamda::agent {

DetachableLoops::Body DetachableLoops::wrap(Body inner, Millis timeout) {
    struct Shared {
        std::mutex mutex;
        std::condition_variable_any changed;
        bool done = false;
        std::exception_ptr error;
    };
    return [this, inner = std::move(inner), timeout](const std::stop_token& stop) {
        auto shared = std::make_shared<Shared>();
        std::thread worker([shared, inner, stop] {
            std::exception_ptr error;
            try {
                inner(stop);
            } catch (...) {
                error = std::current_exception();
            }
            const std::lock_guard lock(shared->mutex);
            shared->done = true;
            shared->error = error;
            shared->changed.notify_all();
        });
        std::unique_lock lock(shared->mutex);
        const auto done = [&] { return shared->done; };
        if (!shared->changed.wait(lock, stop, done) && !shared->changed.wait_for(lock, timeout, done)) {
            detached_any_ = true;
            worker.detach();
            return;
        }
        const auto error = shared->error;
        lock.unlock();
        worker.join();
        if (error) {
            std::rethrow_exception(error);
        }
    };
}

}  // namespace lamda::agent
