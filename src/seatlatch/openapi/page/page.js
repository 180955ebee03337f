// Shows the document that the page names. With a credential, which the sandbox alone gives, requests
// can be tried at once; without one the examples of credentials are taken out, for they open nothing.
const { base, document: address, scheme, credential } = document.body.dataset;

fetch(address)
  .then((answer) => answer.json())
  .then((spec) => {
    if (!credential) {
      for (const parameter of Object.values(spec.components.parameters)) {
        if (parameter.name.startsWith("PAC-")) delete parameter.example;
      }
      const exchange = spec.paths["/v1/auth/token"];
      if (exchange) delete exchange.post.requestBody.content["application/json"].examples;
    }
    // Requests go to where this page came from, also behind a proxy that adds a path.
    const root = new URL(base, location.href).pathname.replace(/\/$/, "");
    spec.servers = [{ url: root || "/", description: "The server that this page came from" }];
    const ui = SwaggerUIBundle({
      spec,
      dom_id: "#reference",
      deepLinking: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      validatorUrl: null,
      onComplete: () => credential && ui.preauthorizeApiKey(scheme, credential),
    });
  });
