// SPDX-License-Identifier: MIT
// page.js - starts Swagger UI on the document of the server that serves this page; it asks no other.
SwaggerUIBundle({
  url: "../schema/",
  dom_id: "#page",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
});
