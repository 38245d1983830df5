// Parameters of a request for a job's logs. Pure functions, no I/O.
#pragma once

#include "http/message.hpp"
#include "services/api-gateway/routes/log_store.hpp"

namespace lamda::gateway {

struct LogRequest {
    LogQuery query;
    bool follow = false;  ///< send later chunks as well, until the job has ended
};
/// Parameters: `limit`, `attempt`, `stream`, `follow`, and one of `cursor` and `after` (`<attempt>.<seq>`).
/// @throws problem::Problem naming every wrong parameter
LogRequest parse_log_request(const JobId& job, const http::Request& request);
/// Cursor of the page that begins after this place.
std::string log_cursor(const LogPlace& place);

}  // namespace lamda::gateway
