"use strict";

// The content security policy admits scripts of this host alone, so the page has none of its own.
const place = document.getElementById("docs");

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayOperationId: false,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false, // a token in local storage would outlive the visit
  showExtensions: false,
  tryItOutEnabled: true,
  validatorUrl: null, // nothing is sent to another host
});
