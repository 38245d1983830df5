// Notifies the service manager (sd_notify(3)); does nothing if there is none.
#pragma once

#include <string>

namespace lamda::runtime {

void notify_ready();
/// Sets the text of `systemctl status`; while starting, also extends the start timeout by `more_seconds`.
void notify_waiting(const std::string& for_what, int more_seconds);
void notify_stopping();
/// Notifies the watchdog, if there is one, that the process works.
void notify_alive();

}  // namespace lamda::runtime
