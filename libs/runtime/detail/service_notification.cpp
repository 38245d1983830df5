#include "runtime/detail/service_notification.hpp"

#include <systemd/sd-daemon.h>

#include "telemetry/shown_text.hpp"

namespace lamda::runtime {

void notify_ready() {
    sd_notify(0, "READY=1\nSTATUS=ready");
}

void notify_waiting(const std::string& for_what, int more_seconds) {
    // One line each: details come from outside and must not become assignments or control the terminal of
    // `systemctl status`.
    const std::string text = "STATUS=waiting for " + telemetry::shown_text(for_what) +
                             "\nEXTEND_TIMEOUT_USEC=" + std::to_string(more_seconds) + "000000";
    sd_notify(0, text.c_str());
}

void notify_stopping() {
    sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void notify_alive() {
    sd_notify(0, "WATCHDOG=1");
}

}  // namespace lamda::runtime
