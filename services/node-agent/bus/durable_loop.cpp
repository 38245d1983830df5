#include "services/node-agent/bus/durable_loop.hpp"

#include "bus/bus.hpp"
#include "runtime/app.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace {
constexpr Millis kRetryAfter{1'000};
}  // namespace

void run_durable(const std::stop_token& stop, telemetry::Health& health, const std::string& check,
                 const telemetry::Log& log, std::string_view message, const std::function<void()>& consume) {
    while (!stop.stop_requested()) {
        std::string last_error;
        try {
            consume();
        } catch (const bus::Unavailable& error) {
            last_error = error.what();
        } catch (const bus::Refused& error) {
            // The durable does not exist until the dispatcher knows this provider.
            last_error = error.what();
        } catch (const DiskError& error) {
            last_error = error.what();
        }
        if (!last_error.empty()) {
            if (health.set(check, false, last_error)) {
                log.warn(message, {{"reason", last_error}});
            }
            runtime::pause(stop, kRetryAfter);
        }
    }
}

}  // namespace lamda::agent
