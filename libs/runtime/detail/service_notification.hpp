// What a service manager is told (sd_notify(3)); nothing happens when none listens.
#pragma once

#include <string>

namespace lamda::runtime {

void notify_ready();
/// Shown by `systemctl status`; while starting, also asks for `more_seconds` until the start counts as
/// failed.
void notify_waiting(const std::string& for_what, int more_seconds);
void notify_stopping();
/// Tells the watchdog, if there is one, that the process is well.
void notify_alive();

}  // namespace lamda::runtime
