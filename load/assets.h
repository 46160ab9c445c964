// What the page is made of, as it stands in load/report/ and node_modules/uplot when the program is built
// (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace sluice::load::assets {

std::string_view report_html();
std::string_view report_js();
std::string_view uplot_css();
std::string_view uplot_js();

}  // namespace sluice::load::assets
