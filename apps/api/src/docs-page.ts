import { Router } from "express";
import helmet from "helmet";
import swaggerUi from "swagger-ui-express";

/**
 * The document as a page people can read and try, from local files only. Swagger UI styles its elements inline, so this one
 * page allows inline styles; scripts stay local.
 */
export function createDocsPage(): Router {
  const router = Router();
  router.use(
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        objectSrc: ["'none'"],
      },
    }),
  );
  const options = {
    swaggerOptions: { url: "/openapi.json" },
    customSiteTitle: "ArkRelay Gateway API",
    // The bar carries the tool's name and a field for other documents.
    customCss: ".swagger-ui .topbar { display: none }",
  };
  router.use(swaggerUi.serveFiles(undefined, options), swaggerUi.setup(undefined, options));
  return router;
}
